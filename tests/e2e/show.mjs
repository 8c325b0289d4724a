// How the demo's lines look.

const LABEL_WIDTH = 12;

// Prints text beside a label, its further lines below each other.
export function show(label, text) {
  text.split('\n').forEach((line, i) => {
    console.log(`  ${(i === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
  });
}
