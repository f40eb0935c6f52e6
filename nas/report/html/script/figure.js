// One main figure: pointing shows the nearest network, a click or Enter pins it, arrows step by cost, Escape lets go.
const REACH = 36;
const PAPER = 720;
const STEPS = {
  ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity,
};

const startFigure = (figure) => {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const part = (name) => figure.querySelector(`.${name}`);
  const plot = part("plot"), svg = plot.querySelector("svg");
  const tip = part("tip"), said = part("said"), pins = part("pins");
  const recommended = data.runs.map((run) => run.recommended).filter((index) => index !== null);
  const state = { axis: 0, off: new Set(), pins: recommended.slice(0, MOST_PINS), at: null };
  let places = [], width = 0, rings = null;

  const ring = () => {
    rings.replaceChildren();
    const circle = ({ x, y }, className) => vector("circle", { class: className, cx: x, cy: y, r: 10 }, rings);
    state.pins.forEach((index, at) => places.filter((place) => place.index === index).forEach((place) => {
      circle(place, "ring pinned");
      write(LETTERS[at], place.x - 13, place.y - 7, "letter", "middle", rings);
    }));
    places.filter((place) => place.index === state.at).forEach((place) => circle(place, "ring"));
  };
  const draw = (pixels = plot.clientWidth) => {
    width = pixels;
    places = drawChart(svg, data, state, Math.max(pixels, 260));
    rings = vector("g", { class: "rings" }, svg);
    if (!places.some((place) => place.index === state.at)) leave();
    ring();
  };
  const leave = () => { state.at = null; tip.hidden = true; if (rings) ring(); };

  const point = (place, aloud) => {
    if (state.at !== place.index || tip.hidden) tell(tip, data, state, place.index);
    state.at = place.index;
    tip.hidden = false;
    const size = plot.clientWidth / svg.viewBox.baseVal.width, x = place.x * size, y = place.y * size;
    const beside = x + 18 + tip.offsetWidth <= plot.clientWidth ? x + 18 : x - 18 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(beside, plot.clientWidth - tip.offsetWidth))}px`;
    // on a phone there is no room beside the point
    tip.style.top = beside < 0 ? `${y + 18}px` : `${Math.max(0, y - tip.offsetHeight / 2)}px`;
    ring();
    if (aloud) said.textContent = sentence(data, state, place.index);
  };
  const pin = (index) => {
    const at = state.pins.indexOf(index);
    if (at >= 0) state.pins.splice(at, 1);
    else state.pins = [...state.pins.slice(state.pins.length === MOST_PINS ? 1 : 0), index];
    compare(pins, data, state, pin);
    ring();
  };

  const nearest = (event) => {
    const box = plot.getBoundingClientRect(), size = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * size, y = (event.clientY - box.top) * size;
    let best = null, least = (REACH * size) ** 2;
    places.forEach((place) => {
      const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
      // of equally near ones the last, which is drawn on top
      if (distance <= least) { least = distance; best = place; }
    });
    return best;
  };
  const step = (by) => {
    // from left to right, each network once, as it is drawn on top
    const order = [...new Map(places.map((place) => [place.index, place])).values()];
    order.sort((a, b) => a.x - b.x || a.index - b.index);
    if (!order.length) return;
    const start = order.findIndex((place) => place.index === (state.at === null ? state.pins[0] : state.at));
    const next = by === 0 ? Math.max(start, 0) : start + by;
    point(order[Math.max(0, Math.min(order.length - 1, next))], true);
  };

  plot.addEventListener("pointermove", (event) => {
    const place = nearest(event);
    if (place) point(place); else leave();
  });
  plot.addEventListener("pointerleave", () => { if (document.activeElement !== plot) leave(); });
  plot.addEventListener("click", (event) => {
    const place = nearest(event);
    if (place) { point(place); pin(place.index); } else leave();
  });
  plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) step(0); });
  plot.addEventListener("blur", leave);
  plot.addEventListener("keydown", (event) => {
    if (event.key in STEPS) step(STEPS[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && state.at !== null) pin(state.at);
    else if (event.key === "Escape") { if (state.pins.includes(state.at)) pin(state.at); leave(); return; }
    else return;
    event.preventDefault();
  });

  const changed = () => { leave(); draw(); };
  buildAxes(part("axis"), data, state, changed);
  buildLegend(part("legend"), data, state, changed);
  compare(pins, data, state, pin);
  draw();
  figure.dataset.drawn = "yes";
  new ResizeObserver(() => { if (plot.clientWidth && plot.clientWidth !== width) draw(); }).observe(plot);
  window.addEventListener("beforeprint", () => draw(PAPER));
  window.addEventListener("afterprint", () => draw());
};

document.querySelectorAll("figure.chart").forEach(startFigure);
