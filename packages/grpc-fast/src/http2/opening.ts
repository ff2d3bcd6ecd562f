import { frameType, numberFrame, preface, setting, settingsFrame } from './frame.ts'
import { connectionWindow, firstWindow, streamWindow } from './windows.ts'

/** How much of earlier headers the peer may refer to. */
export const maxTableSize = 4096

export const maxHeaderListSize = 64 * 1024

/** What every connection says first. */
export const opening = Buffer.concat([
  preface,
  settingsFrame([
    [setting.headerTableSize, maxTableSize],
    [setting.enablePush, 0],
    [setting.initialWindowSize, streamWindow],
    [setting.maxHeaderListSize, maxHeaderListSize],
  ]),
  numberFrame(frameType.windowUpdate, 0, connectionWindow - firstWindow),
])
