import { BackplaneError, type ErrorRecord } from '@backplane/core'
import { type CompiledComponent, compileComponent } from '../component/program.ts'
import { type CompiledModule, Engine } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'

/** A module before it is compiled. */
export interface ModuleSource {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** What a thread is asked to compile: modules, or a component with its modules. */
export type CompileTask =
  | { readonly compile: 'modules'; readonly sources: readonly ModuleSource[]; readonly limits: FullLimits }
  | { readonly compile: 'component'; readonly bytes: Uint8Array<ArrayBuffer>; readonly limits: FullLimits }

/** What comes of a {@link CompileTask}. */
export type CompileResult =
  | { readonly modules: readonly CompiledModule[] }
  | { readonly component: CompiledComponent }
  | { readonly failed: ErrorRecord }

/** Does a task in this thread. Never rejects. */
export async function runTask(task: CompileTask): Promise<CompileResult> {
  const engine = new Engine()
  const { limits } = task
  try {
    if (task.compile === 'component') return { component: await compileComponent(task.bytes, engine, limits) }
    return { modules: task.sources.map(({ name, bytes }) => engine.compile(name, bytes, limits, { fuel: true })) }
  } catch (error) {
    return { failed: BackplaneError.from(error).toJSON() }
  }
}
