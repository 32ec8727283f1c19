/**
 * The post-job step: removes what the task wrote outside the agent's temporary folder, and puts back what it replaced.
 * It runs whatever the job's result, so it never fails the job, and it loads nothing but Node's own modules.
 */

import fs from 'node:fs';
import path from 'node:path';
import { print, printResult, warn } from './agent/commands.js';
import { emptyFile, plainFileAt, realPath, removeFile, takeBack } from './files/disk.js';
import { readNote } from './files/note.js';
import { attempt, codeOf, patiently } from './files/work.js';

/** @import { NotedFile, ReadNote } from './files/note.js' */

async function cleanUp() {
  const { VSTS_TASKVARIABLE_KSMFILES: address = '', VSTS_TASKVARIABLE_KSMFILESEXTENT: extent = '' } =
    process.env;
  try {
    const note = await patiently(() => readNote(address, extent));
    if (!note) {
      return;
    }
    // In reverse order: if two steps or lines wrote the same file, the first of them kept the original.
    for (const file of [...note.files].reverse()) {
      await cleanUpFile(file, note.isDone);
    }
    reportLoss(note);
    // Otherwise the agent removes it.
    await attempt('', () => fs.rmSync(note.place));
  } catch (error) {
    warn(
      `the list of files that the step wrote cannot be read (${codeOf(error)}); those outside of the agent's temporary folder may be left`,
    );
  }
}

/** The most mapping lines that one message names. */
const MAX_LINES = 10;

/** Warns which files may be left behind if the list is incomplete. @param {ReadNote} note */
function reportLoss({ files, count, isDone, isWhole }) {
  if (isWhole) {
    return;
  }
  // Without its identity, it is unknown what became of a file, unless all got their names.
  const known = files.filter(({ identity }) => isDone || identity !== undefined).map(({ line }) => line);
  const shown = known.slice(0, MAX_LINES).join(', ') || 'none';
  const names = known.length > MAX_LINES ? `${shown} and ${known.length - MAX_LINES} others` : shown;
  warn(
    known.length < count
      ? `the list of files that the step wrote was changed or shortened: it names ${known.length} of ${count} (${names}); those of the other lines of the mapping may be left`
      : `the list of files that the step wrote was changed or shortened, and still names all ${count} (${names})`,
  );
}

/** @param {NotedFile} file @param {boolean} isDone whether the main step gave all files their names */
async function cleanUpFile(file, isDone) {
  const { target, place, temporary } = file;
  await orWarn(file, async () => {
    if (realPath(path.dirname(target)) !== path.dirname(place)) {
      warn(`${target} is in another folder now; what the task wrote may be anywhere, and it holds a secret`);
      return;
    }
    if (!isDone) {
      const unnamed = { ...file, target: temporary, place: temporary, aside: '' };
      await orWarn(unnamed, () => removeFile(temporary));
    }
    reportEnd(file, await takeBack(file, { isDone }));
  });
}

/** @param {NotedFile} file @param {Awaited<ReturnType<typeof takeBack>>} end */
function reportEnd({ target, place, aside }, end) {
  if (end === 'removed') {
    say(`Removed ${target}`);
  } else if (end === 'returned') {
    say(`Put back what was at ${target} before`);
  } else if (end === 'occupied') {
    warn(`something else is at ${target} by now; what was there before the task wrote it is ${aside}`);
  } else if (end === 'lost') {
    warn(
      plainFileAt(place)
        ? `${target} was changed since the task wrote it, and may hold a secret; the copy that was kept of what was there before is gone`
        : `${target} was there before the task wrote it, but the copy that was kept of it is gone`,
    );
  }
}

/** Removes a file, or says what is left of it. @param {NotedFile} file @param {() => Promise<unknown>} remove */
async function orWarn({ target, place, aside, identity }, remove) {
  try {
    await remove();
  } catch (error) {
    // If the folder is gone, so is the file.
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error)) || fs.existsSync(place)) {
      const left = await attempt('it holds a secret', () => emptyFile(place, identity));
      const state = left.length === 0 ? 'it is empty now' : 'it holds a secret';
      const advice = fs.existsSync(aside) ? `${state}; what was there before is ${aside}` : state;
      warn(`could not remove ${target} (${codeOf(error)}); remove it by hand, ${advice}`);
    }
  }
}

/** @param {string} text printed as one line */
const say = (text) => print(text.replaceAll(/[\r\n]/g, ' '));

void cleanUp().finally(() => printResult(true));
