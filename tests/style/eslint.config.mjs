// The rules for our JavaScript: ESLint's recommended ones, and those that keep the language's traps out.
import js from "@eslint/js";
import html from "eslint-plugin-html";

const names = (list) => Object.fromEntries(list.split(" ").map((name) => [name, "readonly"]));

const rules = {
  ...js.configs.recommended.rules,
  eqeqeq: "error",
  "no-shadow": "error",
  "no-throw-literal": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-var": "error",
  "prefer-const": "error",
};

export default [
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: names(
        "AbortController AbortSignal Buffer Headers ReadableStream Request Response TextDecoder URL URLSearchParams btoa clearImmediate clearTimeout " +
          "console fetch performance process queueMicrotask setImmediate setTimeout",
      ),
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules,
  },
  {
    files: ["bench/load/report.html"],
    plugins: { html },
    languageOptions: { sourceType: "script", globals: names("Node ResizeObserver console document requestAnimationFrame window") },
    rules,
  },
];
