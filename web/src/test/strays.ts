import ts from "typescript";

// What these attributes hold is shown or read aloud.
const spoken =
  /^(?:label|title|alt|placeholder|hint|description|heading|lead|optional|summary|aria-(?:label|description|roledescription|valuetext|placeholder))$/;
const speaking = new Set(["toast", "useTitle", "announce"]);
const letters = /\p{L}{2}/u;

/** Gives every string of a .tsx file that people would meet and that no catalogue holds, with its line. */
export function strays(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const tell = (node: ts.Node, words: string) => {
    const trimmed = words.replace(/\s+/g, " ").trim();
    if (!letters.test(trimmed)) return;
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
    found.push(`${path}:${line}: ${trimmed}`);
  };
  // The strings that an expression may come to; what is passed to a call is the call's own matter.
  const values = (node: ts.Node | undefined): void => {
    if (!node) return;
    if (ts.isStringLiteralLike(node)) tell(node, node.text);
    else if (ts.isTemplateExpression(node)) {
      tell(node.head, node.head.text);
      for (const span of node.templateSpans) {
        values(span.expression);
        tell(span.literal, span.literal.text);
      }
    } else if (ts.isConditionalExpression(node)) {
      values(node.whenTrue);
      values(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken && !comparing(node)) {
        values(node.left);
      }
      if (!comparing(node)) values(node.right);
    } else if (ts.isParenthesizedExpression(node) || ts.isJsxExpression(node)) values(node.expression);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) tell(node, node.text);
    else if (ts.isJsxAttribute(node)) {
      if (spoken.test(node.name.getText(file))) values(node.initializer);
    } else if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)) values(node.expression);
    else if (ts.isCallExpression(node) && speaking.has(node.expression.getText(file))) {
      for (const argument of node.arguments) values(argument);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function comparing(node: ts.BinaryExpression): boolean {
  const kind = node.operatorToken.kind;
  return (
    (kind >= ts.SyntaxKind.LessThanToken && kind <= ts.SyntaxKind.GreaterThanEqualsToken) ||
    (kind >= ts.SyntaxKind.EqualsEqualsToken && kind <= ts.SyntaxKind.ExclamationEqualsEqualsToken)
  );
}
