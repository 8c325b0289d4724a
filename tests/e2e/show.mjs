// Formats the lines of the demo.

const LABEL_WIDTH = 12;

// Prints a label and text; further lines of the text are aligned with its first.
export function show(label, text) {
  text.split('\n').forEach((line, i) => {
    console.log(`  ${(i === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
  });
}
