// What is told of a network: beside the pointer in short, and in a table of those that are pinned.
const MOST_PINS = 4;
const LETTERS = "ABCD";

const quality = (value, digits) => (value === null ? NONE : fixed(value, digits));
const spread = (arm, digits) => {
  if (!arm) return NONE;
  const [mean, deviation, seeds] = arm, around = deviation === null ? "" : ` ± ${quality(deviation, digits)}`;
  return `${quality(mean, digits)}${around} (${seeds})`;
};
const breakable = (text) => text.replace(/[·/]/g, "$&\u200b");

const notes = (data, index) => {
  const [, run, group, costs] = data.networks[index], own = data.runs[run];
  const found = data.runs.length > 1 ? [own.label] : [];
  if (group >= 0) found.push(data.groups[group].label);
  if (own.recommended === index) found.push("recommended");
  return found;
};

const tell = (tip, data, state, index) => {
  const [id, , , costs, inherited, arms, strips] = data.networks[index];
  tip.replaceChildren();
  const head = element("p", "", tip);
  element("code", id, head);
  notes(data, index).forEach((note) => element("span", note, head, "tag"));
  strips.forEach((letters, at) => {
    if (!letters) return;
    const line = element("p", "", tip, "site");
    if (strips.length > 1) element("span", data.sites[at], line);
    strip(letters, data.kinds, line);
  });
  const values = element("dl", "", tip);
  const value = (label, text) => {
    if (text === NONE) return;
    element("dt", label, values);
    element("dd", text, values);
  };
  value(data.axes[state.axis].name, amount(costs[state.axis]));
  value("Inherited", quality(inherited, data.digits[0]));
  data.arms.forEach((arm, at) => value(arm.label, spread(arms[at], data.digits[1])));
};

const sentence = (data, state, index) => {
  const [id, , , costs, inherited, arms, strips] = data.networks[index];
  const named = [id, ...notes(data, index)].join(", ");
  const cost = `${amount(costs[state.axis])} ${data.axes[state.axis].name}`;
  const read = [`inherited ${quality(inherited, data.digits[0])}`];
  data.arms.forEach((arm, at) => {
    if (arms[at]) read.push(`${arm.label.toLowerCase()} ${spread(arms[at], data.digits[1])}`);
  });
  const kinds = strips.map((letters) => [...letters].map((letter) => data.kinds[letter]).join(", "));
  return `${named}: ${cost}, ${read.join(", ")}. ${kinds.filter(Boolean).join("; ")}`;
};

const command = (data, index) => {
  const [id, run, , , , arms] = data.networks[index], { folder } = data.runs[run];
  return arms.some(Boolean) ? `nas export ${folder} ${id}` : `nas retrain ${folder} --id ${id}`;
};

// rows of the comparison: heading, then text or elements for each network
const comparedRows = (data) => {
  const of = (place) => (index) => data.networks[index][place];
  const text = (read) => (index, cell) => { cell.textContent = read(index); };
  const rows = data.axes.map(({ name }, at) => [name, text((index) => amount(of(3)(index)[at]))]);
  rows.push([`Inherited, ${data.searched}`, text((index) => quality(of(4)(index), data.digits[0]))]);
  data.arms.forEach((arm, at) => {
    rows.push([`${arm.label}, ${data.tested}`, text((index) => spread(of(5)(index)[at], data.digits[1]))]);
  });
  data.sites.forEach((site, at) => rows.push([site, (index, cell) => strip(of(6)(index)[at], data.kinds, cell)]));
  data.shapes.forEach((shape, at) => rows.push([shape, text((index) => breakable(of(7)(index)[at] || NONE))]));
  rows.push(["Next", (index, cell) => element("code", command(data, index), cell)]);
  return rows;
};

const compare = (holder, data, state, unpin) => {
  holder.replaceChildren();
  holder.hidden = !state.pins.length;
  if (holder.hidden) return;
  const table = element("table", "", holder), caption = element("caption", "", table);
  caption.textContent = `Pinned in the figure: ${state.pins.length} of at most ${MOST_PINS}`;
  const head = element("tr", "", element("thead", "", table));
  element("td", "", head);
  state.pins.forEach((index, at) => {
    const cell = element("th", "", head);
    cell.scope = "col";
    element("b", LETTERS[at], cell, "pin");
    element("code", data.networks[index][0], cell);
    const button = element("button", "×", cell, "unpin");
    button.type = "button";
    button.setAttribute("aria-label", `Unpin ${data.networks[index][0]}`);
    button.addEventListener("click", () => unpin(index));
    element("small", notes(data, index).join(", "), cell);
  });
  const body = element("tbody", "", table);
  comparedRows(data).forEach(([heading, fill]) => {
    const row = element("tr", "", body), title = element("th", heading, row);
    title.scope = "row";
    state.pins.forEach((index) => fill(index, element("td", "", row)));
    const differ = new Set([...row.querySelectorAll("td")].map((cell) => cell.textContent)).size > 1;
    if (differ && heading !== "Next") row.className = "differs";
  });
};
