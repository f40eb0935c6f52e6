// Pointing at the main figure shows the nearest network; a click or Enter pins it, Escape lets it go; arrows step by cost.
(() => {
  "use strict";
  const shared = JSON.parse(document.getElementById("records").textContent);
  const detail = document.getElementById("detail");
  if (!detail) return;
  const REACH = 40; // pixels of the figure
  let pinned = null;

  const element = (tag, text, parent) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    parent.append(made);
    return made;
  };

  const show = (id) => {
    const own = shared.networks[id];
    detail.hidden = false;
    detail.replaceChildren();
    const head = element("p", "", detail);
    element("code", own.id, head);
    const state = id === pinned ? " pinned; Escape lets go" : id === shared.recommended ? " recommended" : "";
    element("span", state, head).className = "files";
    const values = element("p", "", detail);
    values.className = "values";
    const value = (label, text) => {
      if (text === "–") return;
      const pair = element("span", label + " ", values);
      // a long row of layers may break between two of them
      element("b", text.replace(/[·/]/g, "$&\u200b"), pair);
    };
    shared.costs.forEach((label, place) => value(label, own.costs[place]));
    value("inherited", own.inherited);
    shared.arms.forEach((label, place) => value(label.toLowerCase(), own.arms[place]));
    Object.entries(own.shape).forEach(([label, text]) => value(label, text));
    own.strips.forEach((letters, place) => {
      if (!letters) return;
      const line = element("p", "", detail);
      if (own.strips.length > 1) element("span", shared.sites[place] + " ", line).className = "site";
      const strip = element("span", "", line);
      strip.className = "strip";
      strip.setAttribute("role", "img");
      strip.setAttribute("aria-label", [...letters].map((letter) => shared.kinds[letter]).join(", "));
      [...letters].forEach((letter) => { element("i", letter, strip).dataset.letter = letter; });
    });
  };

  document.querySelectorAll("[data-points]").forEach((holder) => {
    const points = JSON.parse(holder.dataset.points).sort((a, b) => a[0] - b[0]);
    const svg = holder.querySelector("svg");
    const ring = document.createElementNS(svg.namespaceURI, "circle");
    ring.setAttribute("r", "11");
    ring.setAttribute("style", "fill: none; stroke: var(--accent); stroke-width: 2.5; pointer-events: none");
    ring.setAttribute("visibility", "hidden");
    svg.append(ring);
    let place = points.findIndex((point) => point[2] === shared.recommended);

    const mark = (at) => {
      place = at;
      ring.setAttribute("cx", points[at][0]);
      ring.setAttribute("cy", points[at][1]);
      ring.setAttribute("visibility", "visible");
      show(points[at][2]);
    };
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      let best = -1, least = REACH * REACH;
      points.forEach((point, at) => {
        const distance = (point[0] - x) ** 2 + (point[1] - y) ** 2;
        if (distance <= least) { least = distance; best = at; }
      });
      return best;
    };
    const pin = (at) => { pinned = at < 0 ? null : points[at][2]; if (at >= 0) mark(at); };

    holder.addEventListener("pointermove", (event) => {
      const at = nearest(event);
      if (pinned === null && at >= 0 && at !== place) mark(at);
      else if (pinned === null && at >= 0) ring.setAttribute("visibility", "visible");
    });
    holder.addEventListener("click", (event) => pin(nearest(event)));
    holder.addEventListener("focus", () => { if (holder.matches(":focus-visible")) mark(Math.max(place, 0)); });
    holder.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { pinned = null; mark((place + step + points.length) % points.length); event.preventDefault(); }
      if (event.key === "Enter") pin(Math.max(place, 0));
      if (event.key === "Escape") { pinned = null; if (place >= 0) mark(place); }
    });
  });
  if (shared.recommended && shared.networks[shared.recommended]) show(shared.recommended);
})();
