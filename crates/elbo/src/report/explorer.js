"use strict";
// The decoder of a variational autoencoder, and what moves it.
(() => {
  const model = JSON.parse(document.getElementById("model").textContent);
  if (!model) return;
  const element = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const { rows, columns, hidden, latent } = model;
  const pixels = rows * columns;

  // Floats are little-endian in the page, whatever the machine is.
  const floats = (text) => {
    const view = new DataView(bytes(text).buffer);
    return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  };
  const weights = floats(model.weights);
  let taken = 0;
  const take = (count) => weights.subarray(taken, (taken += count));
  const hiddenWeight = take(hidden * latent), hiddenBias = take(hidden);
  const imageWeight = take(pixels * hidden), imageBias = take(pixels);
  const means = floats(model.means), originals = bytes(model.pixels);
  const mean = (image) => means.subarray(image * latent, (image + 1) * latent);

  // Latents to grey values: a hidden layer with ReLU, then tanh, and [-1, 1] to 0 … 255.
  const activations = new Float32Array(hidden), grey = new Uint8Array(pixels);
  function decode(z) {
    for (let unit = 0; unit < hidden; unit++) {
      let sum = hiddenBias[unit];
      for (let i = 0, w = unit * latent; i < latent; i++) sum += hiddenWeight[w + i] * z[i];
      activations[unit] = Math.max(sum, 0);
    }
    for (let pixel = 0; pixel < pixels; pixel++) {
      let sum = imageBias[pixel];
      for (let i = 0, w = pixel * hidden; i < hidden; i++) sum += imageWeight[w + i] * activations[i];
      grey[pixel] = Math.floor(127.5 * (Math.tanh(sum) + 1) + 0.5);
    }
    return grey;
  }

  function draw(canvas, values) {
    Object.assign(canvas, { width: columns, height: rows });
    const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
    image.data.fill(255);
    values.forEach((value, i) => image.data.fill(value, 4 * i, 4 * i + 3));
    context.putImageData(image, 0, 0);
  }

  // Where the explorer is, and how it got there: from one place to another, as far as `morph` says.
  const z = new Float32Array(latent);
  const way = { from: z.slice(), to: z.slice(), names: ["origin", "origin"] };
  let here = "origin", moving = 0;

  const sliders = Array.from(z, (_, dimension) => {
    const [label, name, value, slider] = ["label", "span", "output", "input"].map((tag) => document.createElement(tag));
    name.append("z", Object.assign(document.createElement("sub"), { textContent: dimension + 1 }));
    const widest = Math.max(4, ...model.names.map((_, image) => Math.ceil(Math.abs(mean(image)[dimension]))));
    Object.assign(slider, { type: "range", min: -widest, max: widest, step: 0.01, ariaLabel: `Dimension ${dimension + 1}` });
    // A dimension that never moves tells nothing of the image.
    if (model.variances[dimension] < 0.01) {
      label.className = "inactive";
      label.title = "inactive: its mean is the same for every test image";
    }
    slider.addEventListener("input", () => {
      leave("your place");
      z[dimension] = slider.valueAsNumber;
      show();
    });
    label.append(name, value, slider);
    element("sliders").append(label);
    return { slider, value };
  });

  const view = model.map, map = element("map");
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  function place() {
    const from = Array.from(z, (value, i) => value - view.origin[i]);
    return [(dot(view.axes[0], from) - view.left) / view.unit, (view.top - dot(view.axes[1], from)) / view.unit];
  }

  function show() {
    draw(element("picture"), decode(z));
    sliders.forEach(({ slider, value }, i) => {
      slider.value = z[i];
      value.textContent = z[i].toFixed(2).replace("-", "−");
    });
    const [x, y] = place();
    element("here").setAttribute("cx", x);
    element("here").setAttribute("cy", y);
    element("ends").textContent = `${way.names[0]} → ${way.names[1]}`;
  }

  // By hand from now on: whatever was moving stays where it is.
  function leave(name) {
    cancelAnimationFrame(moving);
    here = name;
    buttons.forEach((button) => (button.ariaPressed = "false"));
  }

  function along(part) {
    element("morph").value = part;
    z.forEach((_, i) => (z[i] = way.from[i] + part * (way.to[i] - way.from[i])));
    show();
  }

  // Morphs from here to somewhere else; the slider then goes back and forth between the two.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  function go(to, name) {
    Object.assign(way, { from: z.slice(), to: Float32Array.from(to), names: [here, name] });
    leave(name);
    const began = performance.now();
    const step = (now) => {
      const part = still.matches ? 1 : Math.min(Math.max((now - began) / 400, 0), 1);
      along(part * part * (3 - 2 * part));
      if (part < 1) moving = requestAnimationFrame(step);
    };
    step(began);
  }
  element("morph").addEventListener("input", (event) => {
    leave(here);
    along(event.target.valueAsNumber);
  });

  // A sample of the standard normal distribution: Box and Muller.
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  element("random").addEventListener("click", () => go(Array.from(z, normal), "random"));
  element("origin").addEventListener("click", () => go(Array.from(z, () => 0), "origin"));

  const buttons = model.names.map((name, image) => {
    const [button, canvas] = ["button", "canvas"].map((tag) => document.createElement(tag));
    Object.assign(button, { type: "button", ariaLabel: `Start from a test image: ${name}`, ariaPressed: "false" });
    draw(canvas, originals.subarray(image * pixels, (image + 1) * pixels));
    button.append(canvas);
    button.addEventListener("click", () => {
      go(mean(image), name);
      button.ariaPressed = "true";
    });
    element("digits").append(button);
    return button;
  });

  // The map: a pointer or the arrow keys move on the plane of its two axes.
  function moveTo([x, y]) {
    leave("the map");
    const a = view.left + x * view.unit, b = view.top - y * view.unit;
    z.forEach((_, i) => (z[i] = view.origin[i] + a * view.axes[0][i] + b * view.axes[1][i]));
    show();
  }
  const drag = (event) => {
    if (event.buttons !== 1) return;
    const box = map.getBoundingClientRect(), side = map.viewBox.baseVal.width;
    moveTo([((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side]);
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    drag(event);
  });
  map.addEventListener("pointermove", drag);
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  map.addEventListener("keydown", (event) => {
    const arrow = arrows[event.key];
    if (!arrow) return;
    event.preventDefault();
    const far = event.shiftKey ? 24 : 6;
    moveTo(place().map((value, axis) => value + far * arrow[axis]));
  });

  document.querySelectorAll(".moving").forEach((part) => (part.hidden = false));
  if (model.names.length > 0) {
    z.set(mean(0));
    Object.assign(way, { from: z.slice(), to: z.slice(), names: ["origin", model.names[0]] });
    way.from.fill(0);
    here = way.names[1];
    buttons[0].ariaPressed = "true";
  }
  show();

  // How fast the decoder is here, over a fiftieth of a second.
  const began = performance.now();
  let decoded = 0, seconds = 0;
  while (seconds < 0.02) {
    decode(z);
    decoded++;
    seconds = (performance.now() - began) / 1000;
  }
  const rate = Math.round(decoded / seconds);
  element("rate").textContent = `${rate.toLocaleString("en")} pictures a second`;

  // For the console, and for tests.
  window.explorer = { decode: (latents) => decode(latents).slice(), latents: () => Array.from(z), rate };
})();
