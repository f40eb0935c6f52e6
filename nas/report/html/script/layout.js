// Axes, and where everything stands. Units are pixels of the page.
const ROOMY = 620;

const wrapped = (text, characters) => text.split(" ").reduce((lines, word) => {
  const last = lines[lines.length - 1];
  if (last !== undefined && last.length + 1 + word.length <= characters) lines[lines.length - 1] = `${last} ${word}`;
  else lines.push(word);
  return lines;
}, []);

// costs of all panels, so that they share their axis, with the limits that are near
const costRange = (panels, limits, data) => {
  const costs = panels.flatMap(({ dots, marks, published }) => [...dots, ...marks, ...published].map((each) => each.x));
  if (!costs.length) return null;
  const low = costs.reduce((a, b) => Math.min(a, b)), high = costs.reduce((a, b) => Math.max(a, b));
  const reach = data.distant * (high - low), near = limits.filter((end) => end >= low - reach && end <= high + reach);
  const logarithmic = low > 0 && high / low > data.logAbove;
  const ends = [Math.min(low, ...near), Math.max(high, ...near)];
  const room = logarithmic ? 1.08 : (ends[1] - ends[0]) * 0.04 || Math.abs(ends[1]) * 0.05 || 1;
  return {
    logarithmic,
    near,
    beyond: limits.filter((end) => end > high + reach),
    low: logarithmic ? ends[0] / room : ends[0] - room,
    high: logarithmic ? ends[1] * room : ends[1] + room,
  };
};

const qualityRange = ({ dots, marks, lines, published }) => {
  const values = [...dots, ...published].map((each) => each.y);
  marks.forEach((mark) => values.push(mark.y - mark.deviation, mark.y + mark.deviation));
  lines.forEach(({ points }) => points.forEach(([, quality]) => values.push(quality)));
  if (!values.length) return null;
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const room = (high - low) * 0.09 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
};

const drawAxes = (svg, box, x, y, range, quality, heading, title, narrow) => {
  const [left, top, right, bottom] = box, layer = vector("g", { class: "axes" }, svg);
  const signed = (value) => `${parseFloat(value.toFixed(6))}`.replace("-", "−");
  linearTicks(quality[0], quality[1], 6).forEach((tick) => {
    vector("path", { class: "grid", d: `M${left} ${tenth(y(tick))}H${right}` }, layer);
    write(signed(tick), left - 8, y(tick) + 4, "tick", "end", layer);
  });
  const most = Math.max(3, Math.floor((right - left) / (narrow ? 64 : 80)));
  const ticks = range.logarithmic ? logTicks(range.low, range.high, most) : linearTicks(range.low, range.high, most);
  const unit = prefix(Math.max(...ticks.map(Math.abs), 0));
  ticks.forEach((tick) => {
    vector("path", { class: "grid", d: `M${tenth(x(tick))} ${top}V${bottom}` }, layer);
    const own = range.logarithmic ? prefix(tick) : tick ? unit : [1, ""];
    write(plain(tick, own), x(tick), bottom + 18, "tick", "middle", layer);
  });
  title.forEach((line, at) => write(line, (left + right) / 2, bottom + 40 + 16 * at, "title", "middle", layer));
  const lowest = top - 12 - 16 * (heading.length - 1);
  heading.forEach((line, at) => write(line, left, lowest + 16 * at, "heading", "start", layer));
};

const drawLimits = (svg, box, x, range) => {
  const [, top, right, bottom] = box, layer = vector("g", { class: "limits" }, svg);
  const text = (words, attributes) => { vector("text", { ...attributes, class: "tick" }, layer).textContent = words; };
  range.near.forEach((end) => {
    const at = tenth(x(end));
    vector("path", { class: "limit", d: `M${at} ${top}V${bottom}` }, layer);
    text(`limit ${plain(end)}`, { transform: `translate(${at - 6} ${bottom - 8}) rotate(-90)` });
  });
  range.beyond.forEach((end) => text(`limit ${plain(end)} →`, { x: right - 4, y: bottom - 8, "text-anchor": "end" }));
};

// draws into `svg`; returns the places of networks: { x, y, index }
const drawChart = (svg, data, state, width) => {
  svg.replaceChildren();
  const found = data.panels.map((panel) => shownIn(panel, data, state)), places = [];
  const { title, limits } = data.axes[state.axis], range = costRange(found, limits, data);
  const narrow = width < ROOMY, columns = narrow ? 1 : data.panels.length;
  const gap = 28, own = (width - gap * (columns - 1)) / columns, tall = narrow ? 300 : 410;
  const lines = wrapped(title, Math.floor(own / 6.6)), foot = 44 + 16 * lines.length;
  const headings = data.panels.map((panel) => wrapped(panel.heading, Math.floor((own - 54) / 8)));
  const head = 14 + 16 * Math.max(...headings.map((heading) => heading.length));
  const rows = data.panels.length / columns, height = rows * (head + tall + foot);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  found.forEach((items, at) => {
    const quality = qualityRange(items);
    const left = (at % columns) * (own + gap), top = Math.floor(at / columns) * (head + tall + foot) + head;
    if (!range || !quality) {
      write("Nothing to draw here.", left + own / 2, top + tall / 2, "title", "middle", svg);
      return;
    }
    const box = [left + 46, top, left + own - 8, top + tall];
    const x = scale(range.low, range.high, box[0], box[2], range.logarithmic);
    const y = scale(quality[0], quality[1], box[3], box[1], false);
    drawAxes(svg, box, x, y, range, quality, headings[at], lines, narrow);
    drawLimits(svg, box, x, range);
    const layer = vector("g", { class: "panel" }, svg);
    drawDots(layer, items.dots, x, y);
    drawLines(layer, items.lines, x, y);
    drawPublished(layer, items.published, x, y);
    drawMarks(layer, items.marks, x, y);
    const best = new Set(data.runs.map((run) => run.recommended));
    // a pinned network has its letter at the upper left, and the recommended one is pinned from the start
    const taken = items.marks.map((mark) => {
      const at = x(mark.x), [aside, above] = best.has(mark.index) ? [20, 18] : [6, 6];
      return [at - aside, y(mark.y + mark.deviation) - above, at + 6, y(mark.y - mark.deviation) + 6];
    });
    items.published.forEach((each) => taken.push([x(each.x) - 5, y(each.y) - 5, x(each.x) + 5, y(each.y) + 5]));
    drawLabels(layer, wantedLabels(items, data, x, y, !narrow), taken, box);
    const knots = items.lines.flatMap(({ points, members }) => (
      points.map((point, place) => ({ x: point[0], y: point[1], index: members[place] }))
    ));
    const shown = [...items.dots, ...knots, ...items.marks];
    shown.forEach((each) => places.push({ x: x(each.x), y: y(each.y), index: each.index }));
  });
  return places;
};
