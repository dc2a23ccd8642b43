
function fit(frame) {
  const page = frame.contentDocument && frame.contentDocument.documentElement;
  if (page && frame.offsetParent) frame.style.height = Math.ceil(page.querySelector('body').getBoundingClientRect().height) + 'px';
}
for (const frame of document.querySelectorAll('iframe')) frame.addEventListener('load', () => fit(frame));
const fitAll = () => document.querySelectorAll('iframe').forEach(fit);
addEventListener('load', fitAll);
addEventListener('resize', fitAll);
document.addEventListener('change', () => requestAnimationFrame(fitAll));
