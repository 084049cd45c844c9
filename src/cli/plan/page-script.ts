/**
 * What makes the drawing work: the pointer or the focus on a facet shows what it needs and what needs it, arrow keys
 * walk through columns, Enter keeps the selection, and a search narrows what is shown. One facet is in the tab order.
 */
export const PAGE_SCRIPT = `
"use strict";
(() => {
  const svg = document.querySelector("svg[role=listbox]");
  const facets = [...svg.querySelectorAll(".facet")];
  const byName = new Map(facets.map((facet) => [facet.id, facet]));
  const lines = [...svg.querySelectorAll(".lines path")];
  const find = document.getElementById("find");
  const only = document.getElementById("only");
  const told = document.getElementById("told");
  const hint = told.textContent;
  let selected = null;

  const split = (text) => (text ? text.split(" ") : []);
  const idOf = (facet) => facet.querySelector("text").textContent;

  const look = (facet) => {
    const needs = facet ? split(facet.dataset.needs) : [];
    const used = facet ? split(facet.dataset.used) : [];
    const near = new Set(facet ? [facet.id, ...needs, ...used] : []);
    for (const each of facets) each.classList.toggle("near", near.has(each.id));
    for (const line of lines) {
      const { from, to } = line.dataset;
      line.classList.toggle("near", facet !== null && (from === facet.id || to === facet.id));
    }
    svg.classList.toggle("looking", facet !== null);
    told.textContent = facet ? idOf(facet) + ": needs " + needs.length + ", needed by " + used.length : hint;
  };

  const select = (facet) => {
    if (selected) selected.setAttribute("aria-selected", "false");
    selected = selected === facet ? null : facet;
    if (selected) selected.setAttribute("aria-selected", "true");
    look(selected);
  };

  const visible = () => facets.filter((facet) => !facet.classList.contains("away"));
  const place = (facet) => {
    const { e, f } = facet.transform.baseVal.consolidate().matrix;
    return { x: e, y: f };
  };
  const go = (facet) => {
    for (const each of facets) each.tabIndex = -1;
    facet.tabIndex = 0;
    facet.focus();
    facet.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const step = (facet, key) => {
    const at = place(facet);
    const sideways = key === "ArrowLeft" || key === "ArrowRight";
    const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    const distance = (other) => {
      const { x, y } = place(other);
      const ahead = sign * (sideways ? x - at.x : y - at.y);
      const aside = sideways ? Math.abs(y - at.y) : Math.abs(x - at.x);
      return ahead <= 0 || (!sideways && aside > 0) ? Infinity : ahead * 1000 + aside;
    };
    const next = visible().reduce((best, other) => (distance(other) < distance(best) ? other : best), facet);
    go(next);
  };

  svg.addEventListener("keydown", (event) => {
    const facet = event.target.closest(".facet");
    if (!facet) return;
    if (event.key.startsWith("Arrow")) step(facet, event.key);
    else if (event.key === "Enter" || event.key === " ") select(facet);
    else if (event.key === "Escape") select(selected);
    else if (event.key === "Home") go(visible()[0]);
    else if (event.key === "End") go(visible().at(-1));
    else return;
    event.preventDefault();
  });
  svg.addEventListener("focusin", (event) => {
    const facet = event.target.closest(".facet");
    if (facet && !selected) look(facet);
  });
  svg.addEventListener("focusout", () => { if (!selected) look(null); });
  svg.addEventListener("pointerover", (event) => {
    const facet = event.target.closest(".facet");
    if (!selected) look(facet);
  });
  svg.addEventListener("pointerleave", () => { if (!selected) look(null); });
  svg.addEventListener("click", (event) => {
    const facet = event.target.closest(".facet");
    if (facet) { go(facet); select(facet); } else select(selected);
  });

  const narrow = () => {
    const word = find.value.trim().toLowerCase();
    let count = 0;
    for (const facet of facets) {
      const isAway = (only.checked && facet.classList.contains("unchanged")) || !idOf(facet).toLowerCase().includes(word);
      facet.classList.toggle("away", isAway);
      if (!isAway) count += 1;
    }
    const first = visible()[0];
    for (const facet of facets) facet.tabIndex = facet === first ? 0 : -1;
    for (const line of lines) {
      const hidden = [line.dataset.from, line.dataset.to].some((name) => byName.get(name)?.classList.contains("away"));
      line.style.display = hidden ? "none" : "";
    }
    told.textContent = count === facets.length ? hint : count + " of " + facets.length + " facets";
  };
  find.addEventListener("input", narrow);
  only.addEventListener("change", narrow);
  find.addEventListener("keydown", (event) => {
    const first = visible()[0];
    if (event.key === "Enter" && first) go(first);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target === find) return;
    event.preventDefault();
    find.focus();
  });
})();
`;
