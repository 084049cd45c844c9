/** Orders by UTF-16 units: the same everywhere, whatever the locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
