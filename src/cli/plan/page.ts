import type { Plan } from "../../domain/plan.ts";
export const planPage = (plan: Plan): string => plan.next;
