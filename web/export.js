// Out of the page: the picture of `faltung explain`, LaTeX of the matrix and the sums, NumPy of the arrays.
function save(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// views of `faltung explain`, by their number in View
const exportViews = ['steps_', 'cell_', 'matrix_', 'views_', 'temporary_', 'overlap_'];

/// What can be pictured now; the last three are of what scatters.
function renderExport() {
  const select = document.getElementById('export-view'), before = select.value;
  const cell = state.cell && state.cell.side !== 'matrix', scatters = state.shown.unknown === 'fine';
  select.innerHTML = exportViews.map((word, view) => (view === 1 && !cell) || (view > 2 && !scatters) ? '' : `<option value="${view}">${say(word)}</option>`).join('');
  select.value = before;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

function picture() {
  const cell = state.cell && state.cell.side !== 'matrix' ? state.cell : null, view = Number(document.getElementById('export-view').value);
  const follows = view === 1 || view === 2 || (view === 3 && ['fine', 'padded'].includes(cell?.side));
  return core.svg(view, follows ? cell : null, state.padded);
}

function svgToPng(svg) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement('canvas'), scale = 2;  // sharp on dense screens
      canvas.width = image.width * scale;
      canvas.height = image.height * scale;
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(resolve, 'image/png');
    };
    image.onerror = reject;
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
  });
}

const formulaLimit = 64;  // sums on a page

const latexName = name => name.replace(/(∂?)([IKOtB])('?)([\d.,]+)/g, (_, d, letter, mark, digits) => `${d ? '\\partial ' : ''}${letter}${mark}_{${digits}}`);

function latex() {
  const matrix = core.matrix(state.padded), lines = [];
  if (matrix.rows * matrix.columns <= tableLimit) {
    lines.push('\\begin{pmatrix}');
    for (let r = 0; r < matrix.rows; ++r) {
      const row = new Array(matrix.columns).fill('0');
      for (let i = matrix.row_start[r]; i < matrix.row_start[r + 1]; ++i) row[matrix.column[i]] = latexName(matrix.symbol[i]);
      lines.push('  ' + row.join(' & ') + ' \\\\');
    }
    lines.push('\\end{pmatrix}');
  }
  const { unknown } = state.shown, all = state.shown[unknown].names;
  lines.push('\\begin{align*}');
  if (all.length > formulaLimit) lines.splice(-1, 0, `% ${formulaLimit} of ${all.length} cells`);
  all.slice(0, formulaLimit).forEach((_, index) => {
    const [formula] = core.cell(unknown, index).formulas;
    lines.push(`  ${latexName(formula.left)} &= ${latexName(formula.symbols).replaceAll('·', ' \\cdot ')} = ${formula.value} \\\\`);
  });
  lines.push('\\end{align*}');
  return lines.join('\n');
}

function numpy() {
  const array = side => {
    const { channels, extents, values } = state.shown[side];
    return `np.array([${values.join(', ')}]).reshape(${[...(side === 'weights' ? [] : [1]), ...channels, ...extents].join(', ')})`;
  };
  const bias = state.fields.gradient ? null : biasNumbers(), matrix = core.matrix(state.padded), side = state.fields.transposed ? ['coarse', 'fine'] : ['fine', 'coarse'];
  return ['import numpy as np', `# ${state.shown.problem}`, `x = ${array(side[0])}`, `w = ${array('weights')}`, ...bias ? [`b = np.array([${bias.join(', ')}])`] : [], `y = ${array(side[1])}`,
    `data = np.array([${matrix.value.join(', ')}])`, `indices = np.array([${matrix.column.join(', ')}])`, `indptr = np.array([${matrix.row_start.join(', ')}])`,
    `# scipy.sparse.csr_array((data, indices, indptr), shape=(${matrix.rows}, ${matrix.columns}))`].join('\n');
}

function watchExport() {
  const on = (id, work) => document.getElementById(id).addEventListener('click', work);
  const show = text => {
    document.getElementById('exported-label').hidden = false;
    const area = document.getElementById('exported');
    area.value = text;
    area.focus();
    area.select();
  };
  const offerViews = () => renderExport();
  document.getElementById('export-section').addEventListener('pointerenter', offerViews);
  document.getElementById('export-section').addEventListener('focusin', offerViews);
  on('svg', () => { const svg = picture(); svg.error ? showError(svg.error) : save('faltung.svg', new Blob([svg], { type: 'image/svg+xml' })); });
  on('png', async () => { const svg = picture(); svg.error ? showError(svg.error) : save('faltung.png', await svgToPng(svg)); });
  on('latex', () => show(latex()));
  on('numpy', () => show(numpy()));
}
