// The marked texts of both packages, and whether the catalogues have them: npm run messages.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['ui/src', 'labextension/src'];
const LOCALES = join(root, 'themis_jupyter/locale');

/** How many literals the marks begin with. */
const MARKS = { _: 1, _n: 2 };

/**
 * The messages of a source text, each `{ msgid, plural, at }` with null for no plural, and what is
 * wrong with its marks: what is no literal cannot be found, so it would never be translated.
 */
export function messagesOf(text, file) {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
  const marks = marksOf(source);
  const messages = [];
  const problems = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node) && marks.has(node.text) && !isMember(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      const at = `${file}:${line + 1}`;
      const found = read(node, marks.get(node.text));
      if (typeof found === 'string') problems.push(`${at}: ${found}`);
      else messages.push({ ...found, at });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { messages, problems };
}

/** The names by which a file has imported the marks. */
function marksOf(source) {
  const found = new Map();
  for (const statement of source.statements) {
    const names = ts.isImportDeclaration(statement) && statement.importClause?.namedBindings;
    if (!names || !ts.isNamedImports(names)) continue;
    for (const { name, propertyName } of names.elements) {
      const mark = (propertyName ?? name).text;
      if (Object.hasOwn(MARKS, mark)) found.set(name.text, mark);
    }
  }
  return found;
}

/** Whether it is the name of a member of something else, as in `x._`. */
const isMember = (node) =>
  (ts.isPropertyAccessExpression(node.parent) || ts.isPropertyAssignment(node.parent)) &&
  node.parent.name === node;

function read(node, mark) {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression !== node) return `${mark} is not called`;
  const texts = call.arguments.slice(0, MARKS[mark]);
  if (texts.length < MARKS[mark] || !texts.every((each) => ts.isStringLiteralLike(each)))
    return `${mark} is called with what is no literal`;
  const [msgid, plural = null] = texts.map((each) => each.text);
  const given = call.arguments.length - 1 - (plural === null ? 0 : 1);
  const wanted = Array.from({ length: given }, (_all, index) => `%${index + 1}`).join(' ');
  if (placesOf(plural ?? msgid) !== wanted)
    return `“${plural ?? msgid}” is called with ${given} values`;
  return { msgid, plural };
}

/** The places for values in a text, in the order of their numbers. */
const placesOf = (text) =>
  [...new Set([...text.matchAll(/%(?:%|(\d+))/g)].flatMap(([, n]) => (n ? [Number(n)] : [])))]
    .sort((a, b) => a - b)
    .map((n) => `%${n}`)
    .join(' ');

/** What is wrong with a catalogue (Jed's form, as JupyterLab's server hands it out). */
export function problemsOf(messages, catalogue) {
  const { '': head, ...entries } = catalogue;
  const forms = Number(/nplurals\s*=\s*(\d+)/.exec(head.plural_forms)?.[1]);
  const problems = [];
  const plurals = new Map();
  for (const { msgid, plural, at } of messages) {
    if (plurals.has(msgid)) {
      // JupyterLab takes an entry only where the number of its forms fits the call.
      if (plurals.get(msgid) !== plural) problems.push(`${at}: “${msgid}” has two plurals`);
      continue;
    }
    plurals.set(msgid, plural);
    const texts = Object.hasOwn(entries, msgid) ? entries[msgid] : [];
    const count = plural === null ? 1 : forms;
    if (texts.length !== count || texts.some((text) => text.trim() === ''))
      problems.push(`${at}: missing: “${msgid}” (${count} of it)`);
    for (const [index, text] of texts.entries()) {
      const like = plural === null || index === 0 ? msgid : plural;
      if (placesOf(text) !== placesOf(like))
        problems.push(`${at}: “${text}” has other places than “${like}”`);
    }
  }
  for (const msgid of Object.keys(entries))
    if (!plurals.has(msgid)) problems.push(`obsolete: “${msgid}”`);
  return problems;
}

/** The messages of all sources. */
export function allMessages() {
  const all = { messages: [], problems: [] };
  for (const folder of SOURCES)
    for (const name of readdirSync(join(root, folder), { recursive: true }).sort()) {
      if (!/\.tsx?$/.test(name)) continue;
      const found = messagesOf(readFileSync(join(root, folder, name), 'utf8'), join(folder, name));
      all.messages.push(...found.messages);
      all.problems.push(...found.problems);
    }
  return all;
}

/** The catalogues by locale. */
export const catalogues = () =>
  new Map(
    readdirSync(LOCALES).map((locale) => [
      locale,
      JSON.parse(readFileSync(join(LOCALES, locale, 'LC_MESSAGES/themis_jupyter.json'), 'utf8')),
    ]),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { messages, problems } = allMessages();
  for (const [locale, catalogue] of catalogues())
    problems.push(...problemsOf(messages, catalogue).map((each) => `${locale}: ${each}`));
  for (const each of problems) console.log(each);
  console.log(`${messages.length} marked texts, ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
