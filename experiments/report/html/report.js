"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const control = (id) => document.getElementById(id);
const AT_ONCE = 12;
let limit = AT_ONCE;

function option(select, value, text = value) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  select.append(made);
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function picture(item, name) {
  const found = item.pictures.find(([known]) => known === name);
  return found ? found[1] : null;
}

function image(address, alt) {
  const made = document.createElement("img");
  made.src = address;
  made.alt = alt;
  made.loading = "lazy";
  return made;
}

function score(item, method, metric) {
  const value = (item.scores[method] || {})[metric];
  return value === undefined ? null : value;
}

function metric() {
  return data.metrics.find((known) => known.id === control("metric").value);
}

function captioned(address, name, value = null) {
  const figure = document.createElement("figure");
  const caption = element("figcaption", "", name);
  if (value !== null) caption.append(" ", element("span", "", Number(value.toFixed(metric().decimals))));
  figure.append(image(address, name), caption);
  return figure;
}

// The larger, the earlier; items without a value come last.
function urgency(item) {
  const { id, higher } = metric();
  const right = score(item, control("right").value, id);
  if (control("order").value === "worst") return right === null ? -Infinity : higher ? -right : right;
  const left = score(item, control("left").value, id);
  return left === null || right === null ? -Infinity : Math.abs(left - right);
}

function chosen() {
  const wanted = control("class").value;
  const items = data.items.filter((item) => !wanted || item.class === wanted);
  if (control("order").value === "listed") return items;
  return items.map((item) => [urgency(item), item]).sort((a, b) => b[0] - a[0]).map(([, item]) => item);
}

function slider(item) {
  const box = element("div");
  const names = [control("left").value, control("right").value];
  const pair = element("div", "pair");
  pair.style.setProperty("--at", "50%");
  const images = names.map((name) => picture(item, name)).map((address, i) => address && image(address, names[i]));
  if (!images[0] || !images[1]) {
    box.append(element("p", "said", `${images[0] ? names[1] : names[0]} has no picture here.`));
    return box;
  }
  images[0].style.clipPath = "inset(0 50% 0 0)";
  pair.append(images[1], images[0]);
  const range = document.createElement("input");
  range.type = "range";
  range.min = 0;
  range.max = 100;
  range.value = 50;
  range.setAttribute("aria-label", `${item.key}: how much of ${names[0]} is shown over ${names[1]}`);
  range.addEventListener("input", () => {
    pair.style.setProperty("--at", `${range.value}%`);
    images[0].style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
  });
  box.append(pair, range, element("p", "said", `${names[0]} | ${names[1]}`));
  return box;
}

function card(item) {
  const made = element("li", "card");
  made.dataset.key = item.key;
  const head = element("h3", "", item.target === item.caption ? item.caption : `${item.caption} → ${item.target} `);
  head.append(element("span", "", ` ${item.key}${item.class ? `, class ${item.class}` : ""}`));
  const strip = element("div", "strip");
  for (const [name, address] of item.pictures) {
    strip.append(captioned(address, name, score(item, name, metric().id)));
  }
  const compared = [control("left").value, control("right").value, data.truth];
  for (const [name, address] of item.masks) {
    if (compared.includes(name)) strip.append(captioned(address, `mask of ${name}`));
  }
  strip.style.setProperty("--tiles", strip.children.length);
  made.append(head, slider(item), strip);
  return made;
}

function show() {
  const items = chosen();
  control("cards").replaceChildren(...items.slice(0, limit).map(card));
  control("more").hidden = items.length <= limit;
  const left = data.of > data.items.length ? ` (of ${data.of} made: the page holds no more)` : "";
  control("count").textContent = `${Math.min(limit, items.length)} of ${items.length} pictures${left}. ${metric().id}: ${metric().higher ? "higher" : "lower"} is better.`;
}

function begin() {
  if (data.items.length === 0) {
    control("count").textContent = "No picture is finished yet.";
    control("controls").hidden = control("more").hidden = true;
    return;
  }
  const names = [...new Set(data.items.flatMap((item) => item.pictures.map(([name]) => name)))];
  for (const id of ["left", "right"]) names.forEach((name) => option(control(id), name));
  control("left").value = names[0];
  control("right").value = data.first;
  data.metrics.forEach((known) => option(control("metric"), known.id));
  [...new Set(data.items.map((item) => item.class))].filter(Boolean).sort().forEach((name) => option(control("class"), name));
  control("class").parentElement.hidden = control("class").options.length === 1;
  control("controls").addEventListener("change", () => { limit = AT_ONCE; show(); });
  control("more").addEventListener("click", () => { limit += AT_ONCE; show(); });
  show();
}

begin();
