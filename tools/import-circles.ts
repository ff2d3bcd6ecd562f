/** Finds files that import one another in a circle. */
import { join } from 'node:path'
import ts from 'typescript'

/** Which imports count: those that a program runs, or those of types as well. */
export type ImportKind = 'run-time' | 'any'

/** One file and the relative files that it imports. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/**
 * Gives each group of files that reach one another by their imports, sorted; a group of one is a file importing itself.
 */
export function importCircles(files: readonly SourceFile[], kind: ImportKind): string[][] {
  const paths = new Set(files.map(({ path }) => path))
  const edges = new Map(
    files.map(({ path, text }) => [path, relativeImports(path, text, kind).filter((target) => paths.has(target))]),
  )
  return strongComponents(edges)
}

function relativeImports(path: string, text: string, kind: ImportKind): string[] {
  const found: string[] = []
  const add = (specifier: ts.Node | undefined) => {
    if (specifier && ts.isStringLiteral(specifier) && specifier.text.startsWith('.'))
      found.push(join(path, '..', specifier.text))
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (kind === 'any' || !isTypeOnly(node)) add(node.moduleSpecifier)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    else if (ts.isImportTypeNode(node) && kind === 'any' && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest))
  return found
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    const { exportClause } = node
    const named = exportClause && ts.isNamedExports(exportClause) ? exportClause.elements : []
    return node.isTypeOnly || (named.length > 0 && named.every((element) => element.isTypeOnly))
  }
  const clause = node.importClause
  if (!clause) return false
  const bindings = clause.namedBindings
  const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined
  return clause.isTypeOnly || (!clause.name && named !== undefined && named.every((element) => element.isTypeOnly))
}

/** Tarjan's algorithm. */
function strongComponents(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    lowest.set(node, order.get(node)!)
    stack.push(node)
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) {
        visit(next)
        lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!))
      } else if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node)!, order.get(next)!))
    }
    if (lowest.get(node) !== order.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1 || edges.get(node)?.includes(node)) found.push(group.sort())
  }
  for (const node of edges.keys()) if (!order.has(node)) visit(node)
  return found.sort()
}
