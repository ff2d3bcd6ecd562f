import type { InstanceListener, PythonInstance } from '../python-instance.ts'
import { surface } from '../surface.ts'

/**
 * Remembers which instances have handed their state over, and lets them go on when the one that it was for does not
 * come to run.
 *
 * A Fledge plugin shuts down to hand over, so that its successor finds devices and ports free; the slot then goes on
 * with it as if nothing had been asked, but tells it nothing.
 */
export class Suspended implements InstanceListener {
  readonly #byPlugin = new Map<string, PythonInstance>()

  handingOver(instance: PythonInstance): void {
    if (instance[surface].facts.resumes === true) this.#byPlugin.set(instance.plugin, instance)
  }

  stopped(instance: PythonInstance): void {
    const former = this.#byPlugin.get(instance.plugin)
    this.#byPlugin.delete(instance.plugin)
    // The one that handed over ends as it should; another that ends meanwhile leaves the work to it again.
    if (former === undefined || former === instance) return
    former[surface].request('resume').catch(() => {})
  }
}
