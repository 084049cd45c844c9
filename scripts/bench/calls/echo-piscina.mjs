export const echo = (order) => order;
