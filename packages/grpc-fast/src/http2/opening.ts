import { frameType, numberFrame, preface, setting, settingsFrame } from './frame.ts'
import { connectionWindow, firstWindow, streamWindow } from './windows.ts'

/** How much of earlier headers the peer may refer to. */
export const maxTableSize = 4096

/** What every connection says first. */
export function openingOf(maxHeaderListSize: number): Buffer {
  return Buffer.concat([
    preface,
    settingsFrame([
      [setting.headerTableSize, maxTableSize],
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindow],
      [setting.maxHeaderListSize, Math.min(maxHeaderListSize, 2 ** 32 - 1)],
    ]),
    numberFrame(frameType.windowUpdate, 0, connectionWindow - firstWindow),
  ])
}
