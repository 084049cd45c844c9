/** One line of a plot: a time, in milliseconds, for each size. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [size: number, ms: number])[];
}

const [WIDTH, HEIGHT, MARGIN] = [640, 400, 56];
const COLOURS = ["#0969da", "#116329", "#a40e26"];

/** Draws how time grows with size as an SVG, both on logarithmic scales; the dashed line grows in proportion. */
export function plot(title: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const [sizes, times] = [decades(all.map(([size]) => size)), decades(all.map(([, ms]) => ms))];
  const x = (size: number): string => (MARGIN + (WIDTH - 2 * MARGIN) * scale(sizes, size)).toFixed(1);
  const y = (ms: number): string => (HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * scale(times, ms)).toFixed(1);
  const line = (points: Series["points"], style: string): string =>
    `<polyline fill="none" ${style} points="${points.map(([size, ms]) => `${x(size)},${y(ms)}`).join(" ")}"/>`;

  const [[size, ms] = [1, 1]] = all;
  const even = [size, Math.max(...all.map(([other]) => other))].map(
    (other) => [other, (ms * other) / size] as const,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(`x="${MARGIN}" y="24" font-size="15"`, title),
    ...sizes.flatMap((tick) => [
      `<path stroke="#d1d9e0" d="M${x(tick)} ${MARGIN}V${HEIGHT - MARGIN}"/>`,
      text(`x="${x(tick)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle"`, String(tick)),
    ]),
    ...times.flatMap((tick) => [
      `<path stroke="#d1d9e0" d="M${MARGIN} ${y(tick)}H${WIDTH - MARGIN}"/>`,
      text(`x="${MARGIN - 8}" y="${y(tick)}" dy="4" text-anchor="end"`, String(tick)),
    ]),
    text(`x="${WIDTH - MARGIN}" y="${HEIGHT - 12}" text-anchor="end"`, "plugins"),
    text(`x="8" y="${MARGIN - 12}"`, "ms"),
    line(even, `stroke="#818b98" stroke-dasharray="4"`),
    ...series.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length];
      const [lastSize = 1, lastMs = 1] = points.at(-1) ?? [];
      return [
        line(points, `stroke="${colour}" stroke-width="2"`),
        ...points.map(([at, took]) => `<circle cx="${x(at)}" cy="${y(took)}" r="3" fill="${colour}"/>`),
        text(`x="${x(lastSize)}" y="${y(lastMs)}" dx="6" dy="4" fill="${colour}"`, name),
      ];
    }),
    "</svg>\n",
  ].join("\n");
}

const text = (at: string, label: string): string => `<text ${at}>${label}</text>`;

/** Powers of ten around values. */
const decades = (values: readonly number[]): readonly number[] => {
  const [from, to] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
};

const scale = (ticks: readonly number[], value: number): number => {
  const [first = 1, last = 10] = [ticks[0], ticks.at(-1)];
  return Math.log10(value / first) / Math.log10(last / first);
};
