/**
 * The post-job step: what the task wrote outside of the agent's temporary folder is removed, and what it replaced comes
 * back. It runs whatever became of the job, so it never fails it, and it loads nothing but Node.
 */

import fs from 'node:fs';
import path from 'node:path';
import { print, printResult, warn } from './agent/commands.js';
import { readNote } from './files/note.js';
import { plainFileAt, putBack, realPath, removeFile } from './files/disk.js';

/** @import { NotedFile, ReadNote } from './files/note.js' */

async function cleanUp() {
  try {
    const { VSTS_TASKVARIABLE_KSMFILES: address = '', VSTS_TASKVARIABLE_KSMFILESEXTENT: extent = '' } =
      process.env;
    const note = readNote(address, extent);
    // The last one first: of two steps or lines that wrote one file, the first knows what was there before.
    for (const file of [...(note?.files ?? [])].reverse()) {
      await cleanUpFile(file, note?.isDone ?? false);
    }
    if (note) {
      reportLoss(note);
      fs.rmSync(note.place, { force: true });
    }
  } catch (error) {
    warn(
      `the list of files that the step wrote cannot be read (${codeOf(error)}); those outside of the agent's temporary folder may be left`,
    );
  }
}

/** So many lines of the mapping are named in one message. */
const MAX_LINES = 10;

/** Says which files may be left if something of the list is missing. @param {ReadNote} note */
function reportLoss({ files, count, isDone, isWhole }) {
  if (isWhole) {
    return;
  }
  // Without its number it is unknown what became of it, unless all got their names.
  const known = files.filter(({ identity }) => isDone || identity !== undefined).map(({ line }) => line);
  const shown = known.slice(0, MAX_LINES).join(', ') || 'none';
  const names = known.length > MAX_LINES ? `${shown} and ${known.length - MAX_LINES} others` : shown;
  warn(
    known.length < count
      ? `the list of files that the step wrote was changed or shortened: it names ${known.length} of ${count} (${names}); those of the other lines of the mapping may be left`
      : `the list of files that the step wrote was changed or shortened, and still names all ${count} (${names})`,
  );
}

/**
 * @param {NotedFile} file
 * @param {boolean} isDone whether the main step gave all files their names; else only what is surely its own is touched
 */
async function cleanUpFile(file, isDone) {
  const { target, place, temporary } = file;
  const folder = path.dirname(place);
  try {
    if (realPath(path.dirname(target)) !== folder) {
      warn(`${target} is in another folder now; what the task wrote may be anywhere, and it holds a secret`);
      return;
    }
    await removeFile(path.join(folder, temporary), () => true);
    await takeBack(file, isDone);
  } catch (error) {
    // Without the folder the file is gone as well.
    if (codeOf(error) !== 'ENOENT') {
      const state = isEmptied(file) ? 'it is empty now' : 'it holds a secret';
      warn(`could not remove ${target} (${codeOf(error)}); remove it by hand, ${state}`);
    }
  }
}

/** @param {NotedFile} file @param {boolean} isDone */
async function takeBack({ target, place, aside, replaced, identity }, isDone) {
  // Later steps may have changed it, and some file systems give a file another number each day.
  const isOurs = (/** @type {{ identity: string }} */ found) => isDone || found.identity === identity;
  const now = plainFileAt(place)?.identity;
  if (plainFileAt(aside) === undefined) {
    const isLost = isDone && replaced !== undefined;
    if (await removeFile(place, isLost ? (found) => found.identity === identity : isOurs)) {
      say(`Removed ${target}`);
    }
    if (isLost) {
      warn(`${target} was there before the task wrote it, but the copy that was kept of it is gone`);
    }
  } else if (!isDone && replaced === undefined && now !== identity) {
    // Killed before the file could take the place of the other one: that one has its name still, or only this.
    await putBack(aside, place, now, () => false);
    // Once all had their names, it is another file that now has the identity of the replaced one: numbers are used again.
  } else if (await putBack(aside, place, isDone ? undefined : replaced, isOurs)) {
    say(`Put back what was at ${target} before`);
  } else {
    warn(`${target} is no longer a plain file; what was there before the task wrote it is ${aside}`);
  }
}

/** Takes the content out of a file that cannot be removed, if it is the task's very own. @param {NotedFile} file */
function isEmptied({ place, identity }) {
  try {
    const isOurs = identity !== undefined && plainFileAt(place)?.identity === identity;
    if (isOurs) {
      fs.truncateSync(place);
    }
    return isOurs;
  } catch {
    return false;
  }
}

/** @param {string} text in one line */
const say = (text) => print(text.replaceAll(/[\r\n]/g, ' '));

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';

void cleanUp().finally(() => printResult(true));
