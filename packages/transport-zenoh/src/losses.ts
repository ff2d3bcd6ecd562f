import { DropCount, type HandlerEvents } from '@backplane/core/transport'

/** Tells as `slow` events what is lost elsewhere than at a handler, once a turn for each subject. */
export class Losses {
  readonly #eventsOf: (subject: string) => HandlerEvents
  /** By subject, what could not be sent in this turn. */
  readonly #unsent = new Map<string, DropCount>()

  constructor(eventsOf: (subject: string) => HandlerEvents) {
    this.#eventsOf = eventsOf
  }

  /** What counts the samples that were lost on the way to a subscription. */
  onTheWayTo(pattern: string): (count: number) => void {
    const count = new DropCount((lost) => this.#eventsOf(pattern).dropped(lost, 'lost on the way'))
    return (lost) => count.add(lost)
  }

  /** What was published on `subject` is not sent. */
  notSent(subject: string): void {
    let count = this.#unsent.get(subject)
    if (!count) {
      count = new DropCount((lost) => {
        this.#unsent.delete(subject)
        this.#eventsOf(subject).dropped(lost, 'not sent: the link is congested')
      })
      this.#unsent.set(subject, count)
    }
    count.add()
  }
}
