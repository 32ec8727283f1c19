/**
 * The post-job step: removes what the task wrote outside the agent's temporary folder, and puts back what it replaced.
 * It runs whatever the job's result, so it never fails the job, and it loads nothing but Node's own modules.
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
    // In reverse order: if two steps or lines wrote the same file, the first of them kept the original.
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

/**
 * @param {NotedFile} file
 * @param {boolean} isDone whether the main step gave all files their names; else only files known to be its own go
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
    // If the folder is gone, so is the file.
    if (codeOf(error) !== 'ENOENT') {
      const state = isEmptied(file) ? 'it is empty now' : 'it holds a secret';
      warn(`could not remove ${target} (${codeOf(error)}); remove it by hand, ${state}`);
    }
  }
}

/** @param {NotedFile} file @param {boolean} isDone */
async function takeBack({ target, place, aside, replaced, identity }, isDone) {
  // After a finished step any file is: later ones may have rewritten it, and some file systems renumber files each day.
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
    // Killed before the file could replace the original, which still has its name, or only the one aside.
    await putBack(aside, place, now, () => false);
    // After a finished step, a file with the identity of the original is another one: file systems reuse numbers.
  } else if (await putBack(aside, place, isDone ? undefined : replaced, isOurs)) {
    say(`Put back what was at ${target} before`);
  } else {
    warn(`${target} is no longer a plain file; what was there before the task wrote it is ${aside}`);
  }
}

/** Empties a file that cannot be removed, if it is the one that the task wrote. @param {NotedFile} file */
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

/** @param {string} text printed as one line */
const say = (text) => print(text.replaceAll(/[\r\n]/g, ' '));

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code ?? 'unknown';

void cleanUp().finally(() => printResult(true));
