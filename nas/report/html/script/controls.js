// The legend, whose entries switch what is shown, and the choice of the cost along the axis.
const icon = (parent, draw) => {
  const svg = vector("svg", { viewBox: "0 0 22 14", "aria-hidden": "true" }, parent);
  draw(svg);
};

const counted = (number) => number.toLocaleString("en");

const legendEntries = (data) => {
  const several = data.runs.length > 1, entries = [];
  const mark = (shape, colour, hollow) => (svg) => {
    const made = vector("path", { class: "mark", d: outline(shape, 11, 7, 5.2) }, svg);
    made.style.stroke = colour;
    made.style.fill = hollow ? "var(--surface)" : colour;
  };
  const line = (className) => (svg) => {
    vector("path", { class: className, d: "M1 7H21" }, svg);
    vector("path", { class: className.replace("steps", "knots"), d: outline("o", 11, 7, 2.6) }, svg);
  };
  const dot = (svg) => vector("path", { class: "dots", d: outline("o", 11, 7, 3.2) }, svg);
  const cross = (svg) => vector("path", { class: "published", d: outline("x", 11, 7, 4.4) }, svg);
  const patch = (fill) => (svg) => vector("rect", { x: 3, y: 2, width: 16, height: 10, rx: 2, fill }, svg);
  if (several) data.runs.forEach((run, at) => entries.push([`run${at}`, run.label, patch(run.colour)]));
  const tried = data.networks.filter((network) => network[2] < 0 && network[4] !== null).length;
  if (tried) entries.push(["tried", `tried (${counted(tried)})`, dot]);
  if (data.runs.some((run) => run.fronts[0][0].length)) entries.push(["front", "front, inherited", line("steps")]);
  data.arms.forEach((arm, at) => {
    entries.push([`arm${at}`, `${arm.label.toLowerCase()}, ± s.d.`, mark("o", "var(--ink)", arm.hollow)]);
  });
  const found = data.runs.some((run) => run.fronts[0][1].length);
  if (found) entries.push(["found", "front, retrained", line("steps found")]);
  data.groups.forEach((group, at) => {
    entries.push([`group${at}`, group.label, mark(group.shape, several ? "var(--muted)" : group.colour, false)]);
  });
  if (data.published.length) entries.push(["published", "published", cross]);
  return entries;
};

const buildLegend = (holder, data, state, changed) => legendEntries(data).forEach(([name, label, draw]) => {
  const button = element("button", "", holder, "entry");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  icon(button, draw);
  element("span", label, button);
  button.addEventListener("click", () => {
    const shown = state.off.delete(name);
    if (!shown) state.off.add(name);
    button.setAttribute("aria-pressed", String(shown));
    changed();
  });
});

const buildAxes = (holder, data, state, changed) => {
  if (data.axes.length < 2) return;
  const label = element("label", "Cost along the axis ", holder), select = element("select", "", label);
  data.axes.forEach(({ name }, at) => { element("option", name, select).value = at; });
  const note = element("span", "", holder, "note");
  const say = () => {
    const missing = data.networks.filter((network) => network[3][state.axis] === null).length;
    const share = `${counted(missing)} of ${counted(data.networks.length)} networks`;
    const lack = missing ? ` ${share} are not drawn, since this cost is not known for them.` : "";
    note.textContent = `Both fronts are computed for this cost.${lack}`;
  };
  select.addEventListener("change", () => { state.axis = Number(select.value); say(); changed(); });
  say();
};
