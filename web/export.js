// Out of the page: the picture of `faltung explain`, LaTeX of the matrix and the sums, NumPy of the arrays.
function save(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/// The cell that is lit, or every step.
function picture() {
  const cell = state.cell && state.cell.side !== 'matrix' ? state.cell : null;
  return core.svg(cell ? 1 : 0, cell, state.padded);
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

const latexName = name => name.replace(/(∂?)([IKOt])('?)([\d.,]+)/g, (_, d, letter, mark, digits) => `${d ? '\\partial ' : ''}${letter}${mark}_{${digits}}`);

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
  all.slice(0, 64).forEach((_, index) => {
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
  const matrix = core.matrix(state.padded), side = state.fields.transposed ? ['coarse', 'fine'] : ['fine', 'coarse'];
  return ['import numpy as np', `# ${state.shown.problem}`, `x = ${array(side[0])}`, `w = ${array('weights')}`, `y = ${array(side[1])}`,
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
  on('svg', () => { const svg = picture(); svg.error ? showError(svg.error) : save('faltung.svg', new Blob([svg], { type: 'image/svg+xml' })); });
  on('png', async () => { const svg = picture(); svg.error ? showError(svg.error) : save('faltung.png', await svgToPng(svg)); });
  on('latex', () => show(latex()));
  on('numpy', () => show(numpy()));
}
