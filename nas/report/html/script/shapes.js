// Elements, and the marks of attention kinds in them.
const SVG = document.querySelector("figure.chart svg").namespaceURI;

const tenth = (value) => Math.round(value * 10) / 10;

// numbers are pixels, of which a tenth is enough
const vector = (tag, attributes, parent) => {
  const made = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => {
    made.setAttribute(name, typeof value === "number" ? tenth(value) : value);
  });
  if (parent) parent.append(made);
  return made;
};

const write = (text, x, y, className, anchor, parent) => {
  vector("text", { class: className, x, y, "text-anchor": anchor }, parent).textContent = text;
};

const element = (tag, text, parent, className) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
};

// corners around (0, 0), by the letters that the files' drawings use as well
const polygon = (count, turn, inner = 1) => Array.from({ length: count * (inner < 1 ? 2 : 1) }, (_, at) => {
  const angle = turn + (at * 2 * Math.PI) / (count * (inner < 1 ? 2 : 1)), reach = inner < 1 && at % 2 ? inner : 1;
  return [reach * Math.sin(angle), -reach * Math.cos(angle)];
});
const P = 0.34, D = 0.3;
const SHAPES = {
  s: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  "^": polygon(3, 0), v: polygon(3, Math.PI), "<": polygon(3, -Math.PI / 2), ">": polygon(3, Math.PI / 2),
  D: polygon(4, 0), d: polygon(4, 0), p: polygon(5, 0), h: polygon(6, 0), "*": polygon(5, 0, 0.45),
  P: [[-P, -1], [P, -1], [P, -P], [1, -P], [1, P], [P, P], [P, 1], [-P, 1], [-P, P], [-1, P], [-1, -P], [-P, -P]],
  X: [[0, -D * 1.3], [D * 1.9, -1], [1, -D * 1.9], [D * 1.3, 0], [1, D * 1.9], [D * 1.9, 1], [0, D * 1.3],
    [-D * 1.9, 1], [-1, D * 1.9], [-D * 1.3, 0], [-1, -D * 1.9], [-D * 1.9, -1]],
};

const outline = (shape, x, y, radius) => {
  const at = (dx, dy) => `${tenth(x + dx * radius)} ${tenth(y + dy * radius)}`;
  if (shape === "x") return `M${at(-1, -1)}L${at(1, 1)}M${at(1, -1)}L${at(-1, 1)}`;
  const half = `${radius} ${radius} 0 1 0`;
  if (!SHAPES[shape]) return `M${at(-1, 0)}a${half} ${2 * radius} 0a${half} ${-2 * radius} 0Z`;
  // corners reach out farther than a circle that looks as large
  return `M${SHAPES[shape].map(([dx, dy]) => at(1.15 * dx, 1.15 * dy)).join("L")}Z`;
};

// letters of the kinds of some layers
const strip = (letters, kinds, parent) => {
  const made = element("span", "", parent, "strip");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", [...letters].map((letter) => kinds[letter]).join(", "));
  [...letters].forEach((letter) => { element("i", letter, made).dataset.letter = letter; });
};
