// The main figure, drawn for the width that there is; what is on it is decided here, where it stands in layout.js.

// what a panel shows of the chosen cost, without what the legend has switched off
const shownIn = (panel, data, state) => {
  const on = (name) => !state.off.has(name);
  const found = { dots: [], marks: [], lines: [], published: [] };
  data.networks.forEach(([, run, group, costs, inherited, arms], index) => {
    const x = costs[state.axis], own = data.groups[group];
    if (x === null || !on(`run${run}`) || (own && !on(`group${group}`))) return;
    const place = { index, x, shape: own ? own.shape : "o", colour: data.runs[run].colour || (own && own.colour), own };
    if (panel.inherited && inherited !== null && (own || on("tried"))) found.dots.push({ ...place, y: inherited });
    if (!panel.retrained) return;
    arms.forEach((arm, at) => {
      if (!arm || !on(`arm${at}`)) return;
      found.marks.push({ ...place, y: arm[0], deviation: arm[1] || 0, hollow: data.arms[at].hollow });
    });
  });
  data.runs.forEach((run, at) => {
    if (!on(`run${at}`)) return;
    const [inherited, retrained] = run.fronts[state.axis], cost = (index) => data.networks[index][3][state.axis];
    const add = (members, qualities, dashed) => {
      const points = members.map((index, place) => [cost(index), qualities[place]]);
      if (members.length) found.lines.push({ members, points, colour: run.colour, dashed });
    };
    if (panel.inherited && on("front")) add(inherited, inherited.map((index) => data.networks[index][4]), false);
    if (!panel.retrained || !on("found")) return;
    add(retrained.map(([index]) => index), retrained.map(([index, arm]) => data.networks[index][5][arm][0]), true);
  });
  if (panel.retrained && on("published")) {
    data.published.forEach(({ name, quality, costs }) => {
      if (costs[state.axis] !== null) found.published.push({ name, x: costs[state.axis], y: quality });
    });
  }
  return found;
};

const drawLines = (layer, lines, x, y) => lines.forEach(({ points, colour, dashed }) => {
  const places = points.map(([cost, quality]) => [tenth(x(cost)), tenth(y(quality))]);
  const path = places.map(([across, up], at) => (at ? `H${across}V${up}` : `M${across} ${up}`)).join("");
  const line = vector("path", { class: dashed ? "steps found" : "steps", d: path }, layer);
  const knots = places.map(([across, up]) => outline("o", across, up, 2.6)).join("");
  const knot = vector("path", { class: dashed ? "knots found" : "knots", d: knots }, layer);
  if (colour) { line.style.stroke = colour; knot.style.fill = colour; }
});

// one element for all dots alike, so that thousands cost little
const drawDots = (layer, dots, x, y) => {
  const alike = new Map();
  dots.forEach((dot) => {
    const key = `${dot.shape} ${dot.colour || ""}`;
    if (!alike.has(key)) alike.set(key, { first: dot, path: [] });
    alike.get(key).path.push(outline(dot.shape, x(dot.x), y(dot.y), dot.own ? 3.4 : 2.6));
  });
  alike.forEach(({ first, path }) => {
    const className = first.own ? "dots own" : first.colour ? "dots run" : "dots";
    const made = vector("path", { class: className, d: path.join("") }, layer);
    if (first.colour) made.style.fill = first.colour;
  });
};

const drawMarks = (layer, marks, x, y) => marks.forEach((mark) => {
  const across = x(mark.x), up = y(mark.y), colour = mark.colour || "var(--ink)";
  if (mark.deviation) {
    const [top, bottom] = [y(mark.y + mark.deviation), y(mark.y - mark.deviation)].map(tenth);
    const [at, cap] = [across, across - 3.5].map(tenth);
    const ends = `M${at} ${top}V${bottom}M${cap} ${top}h7M${cap} ${bottom}h7`;
    const whisker = vector("path", { class: "whisker", d: ends }, layer);
    whisker.style.stroke = colour;
  }
  const made = vector("path", { class: "mark", d: outline(mark.shape, across, up, 5.2) }, layer);
  made.style.stroke = colour;
  made.style.fill = mark.hollow ? "var(--surface)" : colour;
});

const drawPublished = (layer, published, x, y) => published.forEach((each) => {
  vector("path", { class: "published", d: outline("x", x(each.x), y(each.y), 4.4) }, layer);
});

const ruler = document.createElement("canvas").getContext("2d");
const measured = (text, strong) => {
  ruler.font = `${strong ? 700 : 400} 11.5px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width + 2;
};

// names beside marks, as far as there is room for them; the first are the most important
const drawLabels = (layer, wanted, taken, box) => wanted.forEach(({ text, x, y, rise, strong, className }) => {
  const width = measured(text, strong), height = 14;
  const aside = strong ? 13 : 9, above = -rise - 6, below = rise + 15;
  const places = [
    [aside, 4, "start"], [-aside, 4, "end"], [0, above - 2, "middle"], [0, below + 2, "middle"],
    [7, above, "start"], [-7, above, "end"], [7, below, "start"], [-7, below, "end"],
    [7, above - 14, "start"], [-7, above - 14, "end"],
  ];
  const bounds = ([dx, dy, anchor]) => {
    const left = x + dx - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
    return [left, y + dy - 11, left + width, y + dy - 11 + height];
  };
  const free = ([left, top, right, bottom]) => left >= box[0] && right <= box[2] && top >= box[1] && bottom <= box[3]
    && taken.every((other) => right < other[0] || left > other[2] || bottom < other[1] || top > other[3]);
  const last = x > (box[0] + box[2]) / 2 ? places[5] : places[4];
  const place = places.find((each) => free(bounds(each))) || (strong && last);
  if (!place) return;
  taken.push(bounds(place));
  write(text, x + place[0], y + place[1], `label ${className || ""}`, place[2], layer);
});

const wantedLabels = (found, data, x, y, roomy) => {
  const wanted = [], best = new Set(data.runs.map((run) => run.recommended));
  const at = (each) => ({ x: x(each.x), y: y(each.y) });
  const rise = (mark) => Math.max(6, y(mark.y) - y(mark.y + (mark.deviation || 0)));
  const highest = (items) => items.reduce((top, each) => (top && top.y >= each.y ? top : each), null);
  if (data.runs.length === 1) {
    const own = [...found.marks, ...found.dots].filter((mark) => best.has(mark.index));
    const top = highest(own);
    const text = top && top.own ? `recommended: ${top.own.label}` : "recommended";
    if (top) wanted.push({ text, ...at(top), rise: rise(top), strong: true, className: "strong" });
  }
  const families = new Map(found.published.map((each) => [each.name, each]));
  families.forEach((each, name) => wanted.push({ text: name, ...at(each), rise: 5, className: "muted" }));
  if (roomy && data.runs.length === 1) {
    data.groups.forEach((group) => {
      const mark = highest(found.marks.filter((each) => each.own === group));
      if (mark && !best.has(mark.index)) wanted.push({ text: group.label, ...at(mark), rise: rise(mark) });
    });
  }
  return wanted;
};
