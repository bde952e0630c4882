// Every text of the page in both languages.
const words = {
  en: {
    subtitle: 'see convolution and its transpose', language: 'Language', tour: 'Guided tour', back: '← Back', next: 'Next →', layer: 'Layer',
    step: 'Step', first: 'First step', before: 'Step back', play: 'Play', pause: 'Pause', after: 'Step forward', free: 'your own layer',
    hint: 'Point at a cell, or move with the arrow keys: everything that belongs to it lights up. Click or Enter pins a cell; type, or click again, to change its number; Escape lets it go.',
    extra: 'output padding', cannotStart: 'The page cannot start in this browser: {0}. It needs WebAssembly and DecompressionStream: Chrome 80, Firefox 113, Safari 16.4, or later.',
    size: 'Output size', sizeConvolution: '1 + (in + before + after − span) // stride', sizeTransposed: '(in − 1)·stride + span − before − after',
    spread: 'The same as a sliding window', spreadHint: 'Zeros between the numbers and around them, the kernel turned around: a convolution of stride 1. Point at a cell of the output to see its window.',
    withZeros: '{0} with zeros', turned: '{0} turned around', bias: 'bias', biasNumbers: 'Bias, one number for each output channel (empty: none)',
    badPicture: '{0} is no picture that this browser can read', pictureHint: 'A picture may be dropped anywhere on the page; it is scaled to the size of the input.',
    pictureOf: 'Picture of', steps_: 'every step', cell_: 'the chosen cell', matrix_: 'the matrix', views_: 'three views', temporary_: 'the temporary output', overlap_: 'the overlap',
    form: 'Form of the matrix', folded: 'folded', padded: 'padded', overlap: 'How many stamps reach each output cell', numbers: 'Numbers',
    count: '1, 2, 3, …', random: 'Random', picture: 'A picture…', code: 'The same layer in other words', export: 'Export',
    direction: 'Direction', convolution: 'Convolution', transposed: 'Transposed convolution', view: 'Look at', forward: 'Output', inputGradient: 'Gradient of the input',
    weightGradient: 'Gradient of the kernel', axes: 'Axes', input: 'Input', kernel: 'Kernel', stride: 'Stride', dilation: 'Dilation', before_: 'Padding before', after_: 'Padding after',
    output_padding: 'Output padding', groups: 'Groups', input_channels: 'Channels in', output_channels: 'Channels out', boundary: 'Boundary', flip: 'Flip the kernel',
    matrixOf: 'The matrix, {0} × {1}', tooLarge: 'The matrix has {0} cells: too many to draw.', goes: 'goes to', gradientOf: 'its gradient', nothing: 'Point at a cell.',
    nearest: 'Nearest legal values:', noCode: 'cannot express this layer', differs: 'Words that look alike but differ:', numbersOf: 'Numbers of the {0}', zero: 'zero margin', badNumbers: '{0} numbers were given, the {1} has {2} cells', matrixCell: '{0} in row {1}, column {2}',
    titles: { input: 'input', output: 'output', kernel: 'kernel' }, steps: '{0} of {1}',
  },
  zh: {
    subtitle: '看懂卷积与转置卷积', language: '语言', tour: '导览', back: '← 上一个', next: '下一个 →', layer: '层',
    step: '步骤', first: '第一步', before: '后退一步', play: '播放', pause: '暂停', after: '前进一步', free: '自己的层',
    hint: '把指针移到格子上，或用方向键移动：与它有关的一切都会亮起。单击或回车固定一个格子；直接输入数字或再次单击即可修改；Esc 取消。',
    extra: '输出填充', cannotStart: '这个浏览器打不开本页：{0}。需要 WebAssembly 和 DecompressionStream：Chrome 80、Firefox 113、Safari 16.4 或更新。',
    size: '输出大小', sizeConvolution: '1 + (输入 + 前 + 后 − 跨度) // 步长', sizeTransposed: '(输入 − 1)·步长 + 跨度 − 前 − 后',
    spread: '用滑动窗口来看', spreadHint: '在数字之间和四周插入零，把卷积核旋转 180°：就成了步长为 1 的卷积。指向输出的一个格子，看它的窗口。',
    withZeros: '{0}（插零）', turned: '{0}（旋转）', bias: '偏置', biasNumbers: '偏置，每个输出通道一个数（空：没有）',
    badPicture: '浏览器读不了图片 {0}', pictureHint: '图片也可以直接拖到页面上；它会缩放到输入的大小。',
    pictureOf: '图片内容', steps_: '每一步', cell_: '选中的格子', matrix_: '矩阵', views_: '三种看法', temporary_: '临时输出', overlap_: '重叠',
    form: '矩阵的形式', folded: '折叠', padded: '填充', overlap: '每个输出格子收到几枚印章', numbers: '数值',
    count: '1、2、3、…', random: '随机', picture: '图片…', code: '同一层在其他框架里的写法', export: '导出',
    direction: '方向', convolution: '卷积', transposed: '转置卷积', view: '查看', forward: '输出', inputGradient: '输入的梯度',
    weightGradient: '卷积核的梯度', axes: '维数', input: '输入', kernel: '卷积核', stride: '步长', dilation: '空洞', before_: '前填充', after_: '后填充',
    output_padding: '输出填充', groups: '分组', input_channels: '输入通道', output_channels: '输出通道', boundary: '边界', flip: '翻转卷积核',
    matrixOf: '矩阵，{0} × {1}', tooLarge: '矩阵有 {0} 个格子，太大，不画。', goes: '去往', gradientOf: '它的梯度', nothing: '把指针移到一个格子上。',
    nearest: '最近的合法值：', noCode: '无法表达这一层', differs: '看起来相同、其实不同的写法：', numbersOf: '{0}的数值', zero: '填充的零', badNumbers: '给了 {0} 个数，{1}有 {2} 个格子', matrixCell: '{0}，第 {1} 行，第 {2} 列',
    titles: { input: '输入', output: '输出', kernel: '卷积核', 'padded input': '填充后的输入', 'temporary output': '临时输出', 'input gradient': '输入的梯度', 'output gradient': '输出的梯度',
      'kernel gradient': '卷积核的梯度', 'padded output gradient': '填充后的输出梯度', 'temporary input gradient': '临时的输入梯度' }, steps: '第 {0} 步，共 {1} 步',
  },
};
let language = 'en';
const say = (word, ...given) => given.reduce((text, value, i) => text.replace(`{${i}}`, value), words[language][word]);
const titleOf = title => words[language].titles[title] ?? title;

function speak() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-word]')) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll('[data-label]')) element.ariaLabel = element.title = say(element.dataset.label);
}
