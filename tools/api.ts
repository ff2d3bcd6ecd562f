/**
 * `npm run api [-- --update] [PACKAGE…]`: the public surface of every entry point as text, in
 * `packages/X/api/NAME.api.md`.
 *
 * Checks that the committed text is what the source says; `--update` writes it. It is made from the declarations that
 * the compiler emits for the source, so it needs no build; comments are left out, exports are sorted by name.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { type EntryPoint, type Package, packages, root } from './workspace.ts'

/** One report: where it belongs and what it should say. */
export interface ApiReport {
  readonly file: string
  readonly text: string
}

const printer = ts.createPrinter({ removeComments: true })

/** Makes the report of every entry point of these packages. */
export function apiReports(of: readonly Package[]): ApiReport[] {
  const program = declarationProgram(of.flatMap(({ entries }) => entries.map(({ source }) => source)))
  return of.flatMap((pkg) =>
    pkg.entries.map((entry) => ({
      file: join(pkg.folder, 'api', `${entry.name}.api.md`),
      text: report(program, pkg, entry),
    })),
  )
}

/** A program over the same files, in which every source of this repository is replaced by its declarations. */
function declarationProgram(entries: readonly string[]): ts.Program {
  const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
  const emit: ts.CompilerOptions = {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: '/',
  }
  const host = ts.createCompilerHost(emit)
  const parsed = new Map<string, ts.SourceFile | undefined>()
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) => {
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest))
    return parsed.get(name)
  }
  const source = ts.createProgram(entries, emit, host)
  source.emit(undefined, (_, text, __, ___, files) => {
    for (const file of files ?? []) {
      parsed.set(file.fileName, ts.createSourceFile(file.fileName, text, ts.ScriptTarget.Latest, true))
    }
  })
  return ts.createProgram(entries, { ...options, noEmit: true }, host)
}

function report(program: ts.Program, pkg: Package, entry: EntryPoint): string {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(entry.source)
  const module = source && checker.getSymbolAtLocation(source)
  const exported = module ? checker.getExportsOfModule(module) : []
  const seen = new Set(exported.map((symbol) => resolve(checker, symbol)))
  const own = (node: ts.Node) => node.getSourceFile().fileName.startsWith(join(pkg.folder, 'src'))

  const hidden = new Map<string, string>()
  const reach = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
    const target = symbol && resolve(checker, symbol)
    if (target && !seen.has(target)) {
      const statements = (target.declarations ?? [])
        .map(statementOf)
        .filter((found) => found !== undefined && own(found))
      if (statements.length > 0) {
        seen.add(target)
        hidden.set(target.name, statements.map((found) => print(found!)).join('\n'))
        for (const found of statements) reach(found!)
      }
    }
    ts.forEachChild(node, reach)
  }

  const shown = exported.map((symbol): [string, string] => {
    const target = resolve(checker, symbol)
    const declarations = target.declarations ?? []
    const statements = [...new Set(declarations.map(statementOf))].filter((found) => found !== undefined)
    if (statements.length === 0 || !statements.every(own)) return [symbol.name, elsewhere(symbol, declarations[0])]
    for (const statement of statements) reach(statement)
    const renamed = symbol.name === target.name ? [] : [`export { ${target.name} as ${symbol.name} }`]
    return [symbol.name, [...statements.map(print), ...renamed].join('\n')]
  })

  const code = [...shown].sort(byName).map(([, text]) => text)
  const behind = [...hidden].sort(byName).map(([, text]) => text)
  if (behind.length > 0) code.push('// Named above, but not exported:', ...behind)
  return [
    `# Public surface of \`${entry.specifier}\``,
    '',
    'Written by `npm run api -- --update`; a change here is a change for users and needs a changeset.',
    '',
    '```ts',
    code.join('\n\n'),
    '```',
    '',
  ].join('\n')
}

function resolve(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

function elsewhere(symbol: ts.Symbol, declaration: ts.Declaration | undefined): string {
  if (declaration && ts.isSourceFile(declaration)) return `export * as ${symbol.name}`
  const home = relative(root, declaration?.getSourceFile().fileName ?? '')
  const name = /^packages\/([^/]+)/.exec(home)?.[1]
  const from = name ? `@backplane/${name}` : (/.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(home)?.[1] ?? home)
  return `export { ${symbol.name} } from '${from}'`
}

/** The top-level statement that declares something; nothing for members, parameters and the like. */
function statementOf(node: ts.Node): ts.Statement | undefined {
  const top = ts.isVariableDeclaration(node) ? node.parent.parent : node
  return top.parent && ts.isSourceFile(top.parent) ? (top as ts.Statement) : undefined
}

function print(node: ts.Node): string {
  const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
  return text.replaceAll(/import\("[^"]*"\)\./g, '').replace(/^export declare /, 'export ')
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { update: { type: 'boolean' } } })
  const chosen = packages().filter(({ id }) => positionals.length === 0 || positionals.includes(id))
  const reports = apiReports(chosen)
  const stale = chosen
    .flatMap(({ folder }) => {
      const home = join(folder, 'api')
      return existsSync(home) ? readdirSync(home).map((name) => join(home, name)) : []
    })
    .filter((file) => !reports.some((wanted) => wanted.file === file))
  const changed = reports.filter(({ file, text }) => !existsSync(file) || readFileSync(file, 'utf8') !== text)

  if (values.update) {
    for (const file of stale) rmSync(file)
    for (const { file, text } of changed) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
  for (const file of [...stale, ...changed.map(({ file }) => file)]) {
    console.log(`${values.update ? 'written' : 'differs'}: ${relative(root, file)}`)
  }
  const off = stale.length + changed.length
  console.log(`${reports.length} reports, ${off} ${values.update ? 'written' : 'out of date'}`)
  if (off > 0 && !values.update) {
    console.log(
      'Look at the difference: npm run api -- --update && git diff. If it is meant, commit it with a changeset.',
    )
    process.exitCode = 1
  }
}
