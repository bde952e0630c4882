// What the core says, in Chinese. The core's sentences are the keys, as in gettext: `{0}` stands for a number or a noun,
// and nouns are looked up in their turn. Browser tests walk through the layers to find a sentence without a translation.
const boundaries = { zeros: '零', reflect: '反射', symmetric: '对称', replicate: '复制', circular: '循环' };

const nouns = {
  'the span of kernel': '卷积核的跨度', 'padded input': '填充后的输入', 'temporary output': '临时输出', 'padding before': '前填充', 'padding after': '后填充',
  'output padding': '输出填充', 'input channels': '输入通道', 'output channels': '输出通道', 'more than': '超过', 'every axis': '每个轴',
  input: '输入', output: '输出', kernel: '卷积核', stride: '步长', dilation: '空洞', groups: '分组', padding: '填充', the: '', ...boundaries,
};

const sentences = Object.entries({
  // errors: what was given
  'kernel {0} is {1} with dilation {2} and spans {3}, padded {4} is {5}': '卷积核 {0} 为 {1}，空洞 {2}，跨度 {3}；填充后的{4} 为 {5}',
  'kernel {0} is {1}, padded {2} is {3}': '卷积核 {0} 为 {1}，填充后的{2} 为 {3}',
  '{0} is {1} after cutting padding {2} and {3}': '裁去填充 {2} 和 {3} 后，{0} 为 {1}',
  '{0} {1} channels in {2} groups': '{0} 个{1}通道，{2} 个分组',
  '{0} of input {1}, kernel {2}, stride {3}, dilation {4}, padding {5} and {6}': '输入 {1}、卷积核 {2}、步长 {3}、空洞 {4}、填充 {5} 和 {6} 的{0}',
  '{0} is {1} with padding {2} and {3}': '{0} 为 {1}，填充 {2} 和 {3}',
  '{0} is {1} and leaves {2} padded cells behind the last window': '{0} 为 {1}，最后一个窗口之后还剩 {2} 格',
  '{0} is {1} and reaches over {2} cells, padded {3} is {4}': '{0} 为 {1}，伸展到 {2} 格；填充后的{3} 为 {4}',
  'the number of products of weights {0} and an array {1}': '权重 {0} 与数组 {1} 的乘积个数',
  'the {0} of {1} in bytes': '{1} 的{0}的字节数',
  'the matrix of {0} with {1} cells to draw': '{0} 的矩阵有 {1} 个格子要画',
  'the states of {0} with {1} cells to draw': '{0} 的各步有 {1} 个格子要画',
  'the zero-inserted input of {0} with {1} cells to draw': '{0} 插零后的输入有 {1} 个格子要画',
  'the overlap map of {0} with {1} cells': '{0} 的重叠图有 {1} 个格子',
  '{0} with {1} products': '{0} 有 {1} 个乘积',
  '{0} with an array of {1} cells': '{0} 有一个 {1} 格的数组',
  '{0} has {1} samples': '{0} 有 {1} 个样本',
  '{0} in three views': '三种看法中的 {0}',
  'three views of {0}': '{0} 的三种看法',
  'the temporary output of {0}': '{0} 的临时输出',
  // errors: the rule
  'it must be at least {0}': '至少应为 {0}',
  'the kernel must fit': '卷积核必须放得下',
  'groups must divide both channel counts': '分组数必须整除输入和输出的通道数',
  'it must be less than max(stride, dilation) = {0}': '必须小于 max(步长, 空洞) = {0}',
  'fewer than max(stride, dilation) = {0} may be left': '剩下的必须少于 max(步长, 空洞) = {0}',
  'every window must lie inside the padded array': '每个窗口都必须在填充后的数组之内',
  'explanations are for reading, at most {0} of them': '图解是给人看的，最多 {0} 个',
  'an explanation is of one': '图解只看一个样本',
  'a page has at most {0}': '一页最多 {0} 个',
  'it has at most {0}': '最多 {0} 个',
  'it does not fit into 64 bits': '超出 64 位整数',
  'they follow one output cell': '它们跟随一个输出格子',
  'they are of what scatters: a transposed convolution, or -dx of a convolution': '只用于撒开的运算：转置卷积，或卷积的输入梯度',
  'only what scatters has one: a transposed convolution, or -dx of a convolution': '只有撒开的运算才有：转置卷积，或卷积的输入梯度',
  // errors: how to mend it
  'use a positive number': '请用正数',
  'crop the array instead': '请改为裁剪数组',
  'crop the output instead': '请改为裁剪输出',
  'use 1 for an ordinary convolution': '普通卷积用 1',
  'give at least one channel': '至少给一个通道',
  'give the axis at least one cell': '这个轴至少要有一格',
  'reduce the padding of {0} by {1}': '把 {0} 的填充减少 {1}',
  'reduce dilation to {0}, or pad {1} by at least {2} more on each side': '把空洞减到 {0}，或把 {1} 的每边至少多填充 {2}',
  'pad {0} by at least {1} more on each side': '把 {0} 的每边至少多填充 {1}',
  'use at most {0}, or a larger input': '最多用 {0}，或用更大的输入',
  'use {0} of at most {1}': '{0} 最多用 {1}',
  'use a smaller input, kernel or fewer channels': '用更小的输入、卷积核或更少的通道',
  'use a smaller input, stride or padding': '用更小的输入、步长或填充',
  'use a smaller problem, or ask for one cell': '用更小的层，或只看一个格子',
  'use {0} or {1} {2} channels': '用 {0} 或 {1} 个{2}通道',
  'use {0} {1} channels': '用 {0} 个{1}通道',
  'use a smaller input': '用更小的输入',
  'the pattern repeats': '图案是重复的',
  'make the problem smaller': '请缩小这一层',
  'give --transposed, or see the steps': '请用转置卷积，或看各步',
  'give --transposed': '请用转置卷积',
  'name one like {0}': '例如 {0}',
  'use n1': '请用 n1',
  // the overlap map
  'padding="same" is for stride 1': 'padding="same" 只用于步长 1',  // before `for stride`
  'the overlap map of {0} with {1} phases': '{0} 的重叠图有 {1} 个相位',
  'use a smaller stride': '用更小的步长',
  even: '均匀',
  '{0} stamps on every cell away from the border': '离边界远的格子都收到 {0} 枚印章',
  '{0} stamp on every cell away from the border': '离边界远的格子都收到 {0} 枚印章',
  'checkerboard with holes': '有空洞的棋盘格',
  checkerboard: '棋盘格',
  'from 0 (only the bias) to {0} stamps on a cell, repeating with the stride': '每格 0（只有偏置）到 {0} 枚印章，按步长重复',
  'from {0} to {1} stamps on a cell, repeating with the stride': '每格 {0} 到 {1} 枚印章，按步长重复',
  'every axis': '每个轴',
  'dilation {0} and stride {1} share the factor {2}': '空洞 {0} 与步长 {1} 有公因数 {2}',
  'whatever the kernel, some cells are never reached': '无论卷积核多大，总有格子收不到',
  'use dilation 1, or one without a common factor': '用空洞 1，或没有公因数的空洞',
  'use a kernel that the stride divides': '用步长能整除的卷积核',
  'use a kernel of at least the stride, which it divides': '用不小于步长、且步长能整除的卷积核',
  '{0} or {1} for stride {2}': '步长 {2} 时用 {0} 或 {1}',
  '{0} for stride {1}': '步长 {1} 时用 {0}',
  'or stride 1, after enlarging by repetition (nearest neighbour) {0} times': '或先用重复（最近邻）放大 {0} 倍，再用步长 1',
  // other frameworks
  'output {0} is {1}, not {2}': '输出 {0} 为 {1}，不是 {2}',
  'cuts {0} cells before {1}, not {2}': '在 {1} 之前裁掉 {0} 格，不是 {2} 格',
  'adds {0} cells before {1}, not {2}': '在 {1} 之前补 {0} 格，不是 {2} 格',
  'zeros in the margin of {0}, not {1}': '{0} 的边缘是零，不是{1}',
  'the kernel is not flipped': '卷积核没有翻转',
  'it does not flip the kernel': '它不翻转卷积核',
  'it flips the kernel': '它翻转卷积核',
  'kernels are not flipped': '卷积核不翻转',
  'flip the weights beforehand': '请先翻转权重',
  'padding layers have zeros only': '填充层只有零',
  'it makes every window that fits': '它会算出每个放得下的窗口',
  'output_padding must be under the stride': 'output_padding 必须小于步长',
  'strides over 1 exclude dilation_rate over 1': '步长大于 1 时 dilation_rate 不能大于 1',
  'a transposed convolution has no groups': '转置卷积没有分组',
  '{0} has no symmetric mode': '{0} 没有对称方式',
  '{0} reflects fewer cells than the array has': '{0} 反射的格数必须少于数组的格数',
  '{0} wraps around once at most': '{0} 最多绕一圈',
  'ConvTranspose only cuts its margin, it cannot fold it': 'ConvTranspose 只能裁掉边缘，不能折叠',
  'ONNX Runtime takes an output_padding under the stride only': 'ONNX Runtime 只接受小于步长的 output_padding',
  'ONNX Runtime adds fewer cells than the stride': 'ONNX Runtime 补的格数少于步长',
  'padding_mode of a transposed convolution is zeros only': '转置卷积的 padding_mode 只有零',
  'the gradient of F.pad and a convolution is this layer': '这一层是 F.pad 与卷积的梯度',
  '{0}, half of the kernel on both sides': '{0}，两边各半个卷积核',
  '{0}, the default': '{0}，默认',
  '{0}, which computes the pads': '{0}，由它算出填充',
  '{0}, the pads of the convolution': '{0}，卷积的填充',
  'without {0}': '不写 {0}',
  '{0} is {1}': '{0} 为 {1}',
}).map(([english, chinese]) => [new RegExp(`^${english.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\d\}/g, '(.+?)')}$`), chinese]);

const nounPattern = new RegExp(`(?<![\\w\`=".])(${Object.keys(nouns).join('|')})(?![\\w\`=".])`, 'g');
const chineseNoun = text => text.startsWith('`') || text.includes('=') ? text : text.replace(nounPattern, noun => nouns[noun]).trim();

function chinese(sentence) {
  for (const [pattern, text] of sentences) {
    const found = sentence.match(pattern);
    if (found) return text.replace(/\{(\d)\}/g, (_, i) => chineseNoun(found[Number(i) + 1]));
  }
  return null;
}

/// A sentence of the core in the language of the page; what has no translation stays as it is.
function translated(message) {
  if (language !== 'zh') return message;
  return message.split('; ').map(clause => clause.split(': ').map(part => chinese(part) ?? part).join('：')).join('；');
}
const boundaryOf = word => language === 'zh' ? boundaries[word] : word;
