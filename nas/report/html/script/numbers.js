// Numbers as the tables have them, and places for ticks.
const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const NONE = "–";
const prefix = (value) => PREFIXES.find(([size]) => Math.abs(value) >= size) || [1, ""];

// ties go to the even digit, as in the tables; only a multiple of a power of two can be one
const fixed = (value, digits) => {
  const scaled = value * 10 ** digits, half = Math.floor(scaled);
  const tie = scaled - half === 0.5 && Number.isInteger(value * 2 ** (digits + 1));
  const text = tie ? ((half + (half % 2 ? 1 : 0)) / 10 ** digits).toFixed(digits) : value.toFixed(digits);
  return text.replace("-", "−");
};

const amount = (value) => {
  if (value === null) return NONE;
  const [size, letter] = prefix(value), scaled = value / size;
  const whole = Math.abs(scaled) >= 100 || (Number.isInteger(scaled) && !letter);
  return `${fixed(scaled, whole ? 0 : Math.abs(scaled) >= 10 ? 1 : 2)} ${letter}`.trim();
};

// no more digits than were given
const plain = (value, [size, letter] = prefix(value)) =>
  `${parseFloat((value / size).toPrecision(6))} ${letter}`.trim().replace("-", "−");

const linearTicks = (low, high, most) => {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step; at += 1) ticks.push(at * step);
  return ticks;
};

const logTicks = (low, high, most) => {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    [1, 2, 5].forEach((each) => ticks.push(each * 10 ** power));
  }
  const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  const decades = inside.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
  return inside.length > most && decades.length > 1 ? decades : inside;
};

// from data to pixels
const scale = (low, high, start, end, logarithmic) => {
  const of = logarithmic ? Math.log10 : (value) => value;
  return (value) => start + ((of(value) - of(low)) / (of(high) - of(low) || 1)) * (end - start);
};
