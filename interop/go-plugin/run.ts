/** hashicorp/go-plugin in both directions, and pyvider-rpcplugin: programs that this project did not write. */
import { interop } from '../harness.ts'
import { build, buildExample, type Version, versions } from './build.ts'
import { goHosts } from './go-hosts.ts'
import { exampleKv, goPlugins } from './go-plugins.ts'
import { killCycles, killedHosts } from './kill-cycles.ts'
import { pyvider } from './pyvider.ts'

await interop('go-plugin', async (tools) => {
  await pyvider(tools, await tools.venv(['pyvider-rpcplugin==0.5.5']))

  const go = tools.tool('go')
  await exampleKv(tools, await buildExample(go, tools.scratch()))
  for (const version of Object.keys(versions) as Version[]) {
    const built = await build(go, version)
    await goHosts(tools, built)
    await goPlugins(tools, built)
    if (version !== 'v1.8.0') continue
    await killedHosts(tools, built)
    await killCycles(tools, built)
  }
})
