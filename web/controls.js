// The fields of a layer: numbers with sliders for each axis; what is illegal is told with the nearest legal values.
const axisNames = rank => ['z', 'y', 'x'].slice(3 - rank);
/// name → [smallest, largest on the slider]; the number field takes more
const ranges = { input: [1, 16], kernel: [1, 7], stride: [1, 4], dilation: [1, 4], before_: [0, 4], after_: [0, 4], output_padding: [0, 3], groups: [1, 8], input_channels: [1, 8], output_channels: [1, 8] };
const largest = Number.MAX_SAFE_INTEGER;
const settleMilliseconds = 120;  // longer than a key repeats, shorter than one waits
const perAxis = ['input', 'kernel', 'stride', 'dilation', 'before_', 'after_', 'output_padding'];

const valueOf = (fields, name, axis) => name === 'before_' ? fields.padding[axis][0] : name === 'after_' ? fields.padding[axis][1] : axis < 0 ? fields[name] : fields[name][axis];

function withValue(fields, name, axis, value) {
  const changed = structuredClone(fields);
  if (name === 'before_' || name === 'after_') changed.padding[axis][name === 'after_' ? 1 : 0] = value;
  else if (axis < 0) changed[name] = value;
  else changed[name][axis] = value;
  return changed;
}

function choice(name, options, value) {
  return `<fieldset><legend>${say(name)}</legend><div class="choice">${options.map(([key, word]) =>
    `<label><input type="radio" name="${name}" value="${key}"${String(value) === String(key) ? ' checked' : ''}>${word}</label>`).join('')}</div></fieldset>`;
}

/// One row: the field's name, and for each axis its letter, a number and a slider.
function fieldHtml(fields, name, axes) {
  const [low, high] = ranges[name], rank = fields.kernel.length;
  return `<div class="field"><span>${say(name)}</span><div>${axes.map(axis => {
    const id = `${name}-${axis}`, value = valueOf(fields, name, axis), letter = axis >= 0 && rank > 1 ? axisNames(rank)[axis] : '', label = `${say(name)} ${letter}`.trim();
    return `<div class="axis"><label for="${id}"><span class="hidden">${say(name)}</span> ${letter}</label><input type="number" id="${id}" min="${low}" value="${value}" data-name="${name}" data-axis="${axis}">
      <input type="range" aria-label="${label}" min="${low}" max="${Math.max(high, value)}" value="${value}" data-name="${name}" data-axis="${axis}"></div>`;
  }).join('')}</div></div>`;
}

let drawnFields = '';
function renderFields(fields = state.fields) {
  const rank = fields.kernel.length, place = document.getElementById('fields');
  const now = JSON.stringify([language, rank, fields.transposed]);
  if (now === drawnFields) {  // keep the focus: only values change
    for (const input of place.querySelectorAll('[data-name]')) {
      const value = valueOf(fields, input.dataset.name, Number(input.dataset.axis));
      if (input.type === 'range') input.max = Math.max(input.max, value);
      if (input !== document.activeElement || input.type === 'range') input.value = value;
    }
    for (const [name, value] of [['direction', fields.transposed], ['view', fields.gradient], ['axes', rank]]) for (const radio of place.querySelectorAll(`[name=${name}]`)) radio.checked = radio.value === String(value);
    place.querySelector('#flip').checked = fields.flip;
    fields.boundary.forEach((word, axis) => { place.querySelector(`#boundary-${axis}`).value = word; });
    return;
  }
  drawnFields = now;
  let html = choice('direction', [['false', say('convolution')], ['true', say('transposed')]], fields.transposed);
  html += choice('view', [['', say('forward')], ['input', say('inputGradient')], ['weight', say('weightGradient')]], fields.gradient);
  html += choice('axes', [1, 2, 3].map(r => [r, `${r}-D`]), rank);
  for (const name of perAxis) {
    if (name === 'output_padding' && !fields.transposed) continue;
    html += fieldHtml(fields, name, fields.kernel.map((_, axis) => axis));
  }
  for (const name of ['input_channels', 'output_channels', 'groups']) html += fieldHtml(fields, name, [-1]);
  html += `<div class="field"><span>${say('boundary')}</span><div>${fields.boundary.map((now, axis) =>
    `<div class="axis"><label for="boundary-${axis}"><span class="hidden">${say('boundary')}</span> ${rank > 1 ? axisNames(rank)[axis] : ''}</label><select id="boundary-${axis}" data-boundary="${axis}">${
      ['zeros', 'reflect', 'symmetric', 'replicate', 'circular'].map(word => `<option value="${word}"${word === now ? ' selected' : ''}>${boundaryOf(word)}</option>`).join('')}</select></div>`).join('')}</div></div>`;
  html += `<div class="field"><label for="flip">${say('flip')}</label><input type="checkbox" id="flip"${fields.flip ? ' checked' : ''}></div>`;
  place.innerHTML = html;
}

function withRank(fields, rank) {
  const changed = structuredClone(fields);
  for (const name of ['input', 'kernel', 'stride', 'dilation', 'padding', 'output_padding', 'boundary']) {
    const list = changed[name];
    while (list.length > rank) list.shift();
    while (list.length < rank) list.unshift(structuredClone(list[0]));
    if (rank === 3 && name === 'input') changed.input = list.map(n => Math.min(n, 4));  // a cube is a lot to look at
  }
  return changed;
}

/// Legal states that differ from an illegal one in a single number, the nearest of each field.
function nearestLegal(fields) {
  const found = [], rank = fields.kernel.length;
  const places = [...perAxis.flatMap(name => name === 'output_padding' && !fields.transposed ? [] : fields.kernel.map((_, axis) => [name, axis])),
    ...['groups', 'input_channels', 'output_channels'].map(name => [name, -1])];
  for (const [name, axis] of places) {
    const value = valueOf(fields, name, axis);
    for (let far = 1; far <= 16; ++far) {
      const near = [value - far, value + far].find(v => v >= ranges[name][0] && !core.check(withValue(fields, name, axis, v)).error);
      if (near === undefined) continue;
      found.push({ far, text: `${say(name)}${axis >= 0 && rank > 1 ? ' ' + axisNames(rank)[axis] : ''} = ${near}`, fields: withValue(fields, name, axis, near) });
      break;
    }
  }
  return found.sort((a, b) => a.far - b.far).slice(0, 5);
}

let offering = 0;
/// Tells an error; of illegal fields also, once nothing moves, the nearest legal ones.
function showError(message, fields) {
  const place = document.getElementById('error'), text = message ? translated(message) : '';
  clearTimeout(offering);
  place.hidden = !message;
  if (place.firstChild?.data !== text || fields) place.textContent = text;
  if (message && fields) offering = setTimeout(() => offer(place, nearestLegal(fields)), settleMilliseconds);
}

function offer(place, near) {
  if (!near.length) return;
  place.append(document.createElement('br'), say('nearest'), ' ');
  for (const { text, fields: legal } of near) {
    const button = document.createElement('button');
    button.textContent = text;
    button.addEventListener('click', () => change(legal));
    place.append(button);
  }
}

let wanted = null;  // fields as typed, legal or not
/// Checks at once, draws in the next frame: a slider asks many times between two.
function change(fields) {
  const { error } = core.check(fields);
  wanted = error ? fields : null;
  showError(error, fields);
  renderFields(fields);
  if (error) return;
  state.preset = null;
  state.step = Infinity;  // all of them
  refresh(fields);
}

function watchFields() {
  const place = document.getElementById('fields');
  place.addEventListener('input', event => {
    const { name, axis } = event.target.dataset, now = wanted ?? pending ?? state.fields;
    if (name) {
      const value = Math.max(-largest, Math.min(largest, Math.trunc(Number(event.target.value))));
      if (event.target.value !== '' && Number.isFinite(value)) change(withValue(now, name, Number(axis), value));
    } else if (event.target.dataset.boundary) change({ ...now, boundary: now.boundary.map((word, a) => a === Number(event.target.dataset.boundary) ? event.target.value : word) });
    else if (event.target.id === 'flip') change({ ...now, flip: event.target.checked });
    else if (event.target.name === 'direction') change({ ...now, transposed: event.target.value === 'true', output_padding: now.kernel.map(() => 0) });
    else if (event.target.name === 'view') change({ ...now, gradient: event.target.value });
    else if (event.target.name === 'axes') change(withRank(now, Number(event.target.value)));
  });
}
