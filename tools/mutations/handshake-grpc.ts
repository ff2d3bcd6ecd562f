// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are quoted code
import { type Mutation, rulesOf } from './mutation.ts'

/** Safety rules of `@backplane/handshake-grpc`. */
export const handshakeGrpc: readonly Mutation[] = rulesOf('handshake-grpc', [
  {
    rule: 'a plugin without a certificate is refused under AutoMTLS',
    file: 'src/client/start.ts',
    find: 'if (identity && !line.serverCert) ',
    replace: 'if (false && (identity && !line.serverCert)) ',
    tests: ['test/faults.test.ts'],
  },
  {
    rule: 'a plugin of another core protocol is refused',
    file: 'src/handshake/line.ts',
    find: 'if (coreVersion !== core) ',
    replace: 'if (false && (coreVersion !== core)) ',
    tests: ['src/handshake/line.test.ts'],
  },
  {
    rule: 'what ends plugins of a killed host knows of each',
    file: 'src/client/guardian.ts',
    find: 'guardian.wards.add(ward)',
    replace: '',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'a plugin that ignores SIGTERM ends with a killed host',
    file: 'src/client/guardian.ts',
    find: '\neach KILL\n',
    replace: '\n',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'what belongs to a host that lives is not swept',
    file: 'src/net/owned-folder.ts',
    find: 'if (!owner || !isGone(owner)) continue',
    replace: 'if (!owner) continue',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'a process that has taken a former id is not ended',
    file: 'src/net/owned-folder.ts',
    find: 'if (start === undefined || processStart(pid) !== start) return',
    replace: 'if (start === undefined) return',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'a folder that a link leads to is not believed',
    file: 'src/net/owned-folder.ts',
    find: 'if (!folder.isDirectory() || !file.isFile() || folder.uid !== user || file.uid !== user) return undefined',
    replace: '',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'an id that means more than one process gets no signal',
    file: 'src/net/owned-folder.ts',
    find: 'return Number.isInteger(pid) && (pid as number) > 1',
    replace: 'return Number.isInteger(pid)',
    tests: ['test/orphans.test.ts'],
  },
  {
    rule: 'the folder of another machine is not swept',
    file: 'src/net/owned-folder.ts',
    find: 'if (owner.machine !== here.machine) return false',
    replace: '',
    tests: ['test/orphans.test.ts'],
  },
])
