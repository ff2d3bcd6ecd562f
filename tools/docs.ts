/**
 * `npm run docs`: the API reference of every package, by typedoc, in `reports/docs` (not committed).
 *
 * Fails on an export without a doc comment and on a link that leads nowhere.
 */
import { join } from 'node:path'
import { Application, type DeclarationReflection, ReflectionKind, type TranslatedString } from 'typedoc'
import { packages, root } from './workspace.ts'

const all = packages()
const entries = all.flatMap((pkg) => pkg.entries)
const app = await Application.bootstrap({
  name: 'Backplane',
  entryPoints: entries.map(({ source }) => source),
  tsconfig: join(root, 'tsconfig.json'),
  basePath: root,
  out: join(root, 'reports', 'docs'),
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  skipErrorChecking: true,
  readme: 'none',
  logLevel: 'Warn',
  validation: { notExported: false, invalidLink: true, invalidPath: false, rewrittenLink: true, notDocumented: true },
  // By itself it looks at the package of the working folder alone; and by 'Function' it means methods, too.
  packagesRequiringDocumentation: all.map(({ manifest }) => manifest.name),
  requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Variable'],
})
const points = app.getEntryPoints() ?? []
for (const point of points) {
  const entry = entries.find(({ source }) => source === point.sourceFile.fileName)
  if (entry) point.displayName = entry.specifier
}
const project = app.converter.convert(points)
app.validate(project)
for (const each of project.getReflectionsByKind(ReflectionKind.Function) as DeclarationReflection[]) {
  if (each.signatures?.some((signature) => signature.hasComment())) continue
  app.logger.warn(`${each.getFriendlyFullName()} (Function) does not have any documentation` as TranslatedString)
}
await app.generateOutputs(project)
const { errorCount, warningCount } = app.logger
console.log(`${entries.length} entry points, ${errorCount} errors, ${warningCount} warnings: reports/docs/index.html`)
process.exitCode = errorCount + warningCount > 0 ? 1 : 0
