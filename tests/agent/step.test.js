import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SecretMasker } from './masker.js';
import { Step } from './step.js';
import { Variables } from './variables.js';

/**
 * A step that has received some lines.
 *
 * @param {string[]} lines
 * @param {Partial<import('./step.js').Job> & { knobs?: Record<string, string> }} [job]
 */
function stepAfter(lines, { knobs = {}, ...job } = {}) {
  const variables = new Variables();
  for (const [name, value] of Object.entries(knobs)) variables.set(name, value);
  const step = new Step({
    stepName: 'ksm',
    variables,
    taskVariables: new Variables(),
    masker: new SecretMasker(),
    restrictions: undefined,
    outputVariables: [],
    newline: '\n',
    ...job,
  });
  for (const line of lines) step.receive(line);
  return step;
}

test('plain lines are printed, masked with what is registered by then', () => {
  const step = stepAfter(['s3cr3t', '##vso[task.setsecret]s3cr3t', 'a s3cr3t', '']);
  assert.deepEqual(step.log, ['s3cr3t', 'a ***', '']);
  assert.deepEqual(step.masks, ['s3cr3t']);
});

test('a line that looks like a command and is none is printed with a warning', () => {
  const step = stepAfter(['##vso[task]x']);
  const warning = "'##vso[task]x' contains logging command keyword '##vso', but it's not a legal command.";
  assert.deepEqual(step.log, [`##[warning]${warning}`, '##vso[task]x']);
  assert.equal(step.finish(0, ''), 'Succeeded');
});

test('an unknown area is a warning, an unknown event fails the step', () => {
  const area = stepAfter(['##vso[tusk.debug]x']);
  assert.deepEqual(area.log, ['##[warning]Cannot find command extension for ##vso[tusk.command].']);
  assert.equal(area.finish(0, ''), 'Succeeded');

  const event = stepAfter(['##vso[task.constructor]x']);
  assert.deepEqual(event.log, [
    "##[error]Unable to process command '##vso[task.constructor]x' successfully.",
    '##[error]##vso[task.constructor] is not a recognized command.',
  ]);
  assert.equal(event.finish(0, ''), 'Failed');
});

test('debug text and the trace of commands show in debug mode only', () => {
  const lines = ['##vso[task.debug]a%0Ab', '##vso[task.setvariable variable=A;]1%AZP25'];
  assert.deepEqual(stepAfter(lines).log, []);
  assert.deepEqual(stepAfter(lines, { knobs: { 'system.debug': 'True' } }).log, [
    '##[debug]a',
    'b',
    '##[debug]Processed: ##vso[task.setvariable variable=A;]1%',
  ]);
});

test('issues and debug texts are masked as one message', () => {
  const lines = [
    '##vso[task.setsecret]a%0Ab',
    '##vso[task.logissue type=Error]x a%0Ab y',
    '##vso[task.debug]a%0Ab',
  ];
  const step = stepAfter(lines, { knobs: { 'System.Debug': 'true' } });
  assert.deepEqual(step.issues, [{ type: 'error', message: 'x *** y', rawMessage: 'x a\nb y' }]);
  assert.deepEqual(step.log.slice(1), [
    '##[error]x *** y',
    '##[debug]Processed: ##vso[task.logissue type=Error]x *** y',
    '##[debug]***',
  ]);
});

test('a secret of one letter is masked everywhere, even in the tag of a line', () => {
  const step = stepAfter(['##vso[task.setsecret]e', '##vso[task.logissue type=error]here']);
  assert.deepEqual(step.log, ['##[***rror]h***r***']);
});

test('an issue names its place in the sources', () => {
  const step = stepAfter([
    '##vso[task.logissue type=error;code=E1;sourcepath=f%3Bs.js;linenumber=3;columnnumber=4;]m;]',
    '##vso[task.issue type=warning;source=TaskInternal;]w',
    '##vso[task.issue]x',
    '##vso[task.issue type=hint]x',
  ]);
  assert.deepEqual(
    step.issues.map(({ type, message }) => [type, message]),
    [
      ['error', 'f;s.js(3,4): error E1: m;]'],
      ['warning', 'w'],
      ['warning', "Can't create TaskIssue from logging event."],
      ['error', "Unable to process command '##vso[task.issue type=hint]x' successfully."],
      ['error', 'issue type hint is not an expected issue type.'],
    ],
  );
});

test('the result is the worst that was reported', () => {
  for (const [results, exitCode, final] of /** @type {[string[], number, string][]} */ ([
    [[], 0, 'Succeeded'],
    [['Succeeded'], 0, 'Succeeded'],
    [['Failed', 'Succeeded'], 0, 'Failed'],
    [['SucceededWithIssues', 'Succeeded'], 0, 'SucceededWithIssues'],
    [['Skipped', 'Failed'], 0, 'Skipped'],
    [['Succeeded'], 1, 'Failed'],
    [['Skipped'], 1, 'Failed'],
    [['Cancelled'], 0, 'Failed'],
    [['Canceled', 'Cancelled'], 0, 'Canceled'],
    [[''], 0, 'Failed'],
  ])) {
    const step = stepAfter(results.map((result) => `##vso[task.complete result=${result};]why`));
    assert.equal(step.finish(exitCode, 'node'), final, `${results} and exit code ${exitCode}`);
    assert.deepEqual(
      step.completions,
      results.map((result) => ({ result, message: 'why' })),
    );
  }
});

test('an exit code other than 0 is an error', () => {
  const step = stepAfter([]);
  step.finish(3, "file name 'node'");
  assert.deepEqual(step.log, ["##[error]Exit code 3 returned from process: file name 'node'."]);
});

test('a secret variable is masked as it is and escaped', () => {
  const step = stepAfter([
    '##vso[task.setvariable variable=A;issecret=true;]a%AZP25]b',
    'a%]b a%AZP25%5Db a%AZP25]b',
  ]);
  assert.deepEqual(step.variables.toObject(), { A: { value: 'a%]b', isSecret: true } });
  assert.deepEqual(step.log, ['*** *** a%AZP25]b']);
});

test('a secret variable that was not masked first is noted', () => {
  const step = stepAfter([
    '##vso[task.setsecret]masked',
    '##vso[task.setvariable variable=A;issecret=true]masked',
    '##vso[task.setvariable variable=B;issecret=true]s',
    '##vso[task.setvariable variable=C;issecret=true]',
    '##vso[task.setvariable variable=D;issecret=true]  ',
    '##vso[task.setvariable variable=E]public',
    '##vso[task.setsecret]s',
  ]);
  assert.deepEqual(step.maskedBeforeUse, [{ variable: 'B', value: 's' }]);
});

test('a secret stays secret when it is set again', () => {
  const step = stepAfter([
    '##vso[task.setvariable variable=A;issecret=true]1st',
    '##vso[task.setvariable variable=a]2nd',
    '2nd',
  ]);
  assert.deepEqual(step.variables.toObject(), { a: { value: '2nd', isSecret: true } });
  assert.deepEqual(step.log, ['***']);
});

test('a variable needs a name', () => {
  for (const event of ['setvariable', 'settaskvariable']) {
    const step = stepAfter([`##vso[task.${event} issecret=true]v`]);
    assert.deepEqual(step.variables.toObject(), {});
    assert.equal(
      step.log[1],
      `##[error]Required field 'variable' is missing in ##vso[task.${event}] command.`,
    );
    assert.equal(step.finish(0, ''), 'Failed');
  }
});

test('a secret of several lines is refused by the rule of the platform', () => {
  const lines = [
    '##vso[task.setvariable variable=A;issecret=true]1%0A2',
    '##vso[task.setvariable variable=B;issecret=true]1%0D%0A2',
  ];
  const allowed = { SYSTEM_UNSAFEALLOWMULTILINESECRET: 'true' };
  for (const [newline, knobs, names] of /** @type {[string, Record<string, string>, string[]][]} */ ([
    ['\n', {}, []],
    ['\r\n', {}, ['A']],
    ['\n', allowed, ['A', 'B']],
    ['\r\n', allowed, ['A', 'B']],
  ])) {
    const step = stepAfter(lines, { newline, knobs });
    assert.deepEqual(Object.keys(step.variables.toObject()), names, JSON.stringify([newline, knobs]));
    assert.equal(step.finish(0, ''), names.length === 2 ? 'Succeeded' : 'Failed');
  }
});

test('a refused command is quoted in the log, masked only by what was registered', () => {
  const step = stepAfter([
    '##vso[task.setsecret]second',
    '##vso[task.setvariable variable=A;issecret=true]first%0Asecond',
  ]);
  assert.deepEqual(step.log, [
    "##[error]Unable to process command '##vso[task.setvariable variable=A;issecret=true]first%0A***' successfully.",
    '##[error]Secrets cannot contain multiple lines',
  ]);
});

test('an output variable is known under the name of its step', () => {
  const step = stepAfter(
    [
      '##vso[task.setvariable variable=token;isOutput=true;issecret=true]s3cr3t',
      '##vso[task.setvariable variable=Version;isOutput=false]1.2',
      '##vso[task.setvariable variable=plain]p',
    ],
    { outputVariables: ['version'] },
  );
  assert.deepEqual(step.outputs.toObject(), {
    token: { value: 's3cr3t', isSecret: true },
    Version: { value: '1.2', isSecret: false },
  });
  assert.deepEqual(step.variables.toObject(), { plain: { value: 'p', isSecret: false } });
  assert.deepEqual(
    [...step.added].map(({ name }) => name),
    ['ksm.token', 'ksm.Version', 'plain'],
  );
});

test('overwriting a read-only variable warns, or fails where the job says so', () => {
  const lines = [
    '##vso[task.setvariable variable=A;isreadonly=true]1',
    '##vso[task.setvariable variable=a]2',
  ];
  const warned = stepAfter(lines);
  assert.deepEqual(warned.log, [
    "##[warning]Overwriting readonly variable 'a'. This behavior will be disabled in the future.",
  ]);
  assert.deepEqual(warned.variables.toObject(), { a: { value: '2', isSecret: false } });

  const refused = stepAfter(lines, { knobs: { 'agent.readOnlyVariables': 'true' } });
  assert.equal(refused.log[1], "##[error]Overwriting readonly variable 'a' is not permitted.");
  assert.deepEqual(refused.variables.toObject(), { A: { value: '1', isSecret: false } });
});

test('restricted mode drops commands with a warning', () => {
  const line = '##vso[task.uploadsummary]/tmp/x.md';
  const step = stepAfter([line], { restrictions: { commands: { mode: 'restricted' } } });
  assert.deepEqual(
    step.droppedCommands.map(({ raw }) => raw),
    [line],
  );
  assert.deepEqual(step.log, [
    '##[warning]##vso[task.uploadsummary] is not allowed in this step due to policy restrictions.',
  ]);
  assert.equal(step.finish(0, ''), 'Succeeded');
});

test('a variable that is not settable is dropped with a warning, and only its escaped form is masked', () => {
  const step = stepAfter(['##vso[task.setvariable variable=A;issecret=true]a;b', 'a;b a%3Bb'], {
    restrictions: { settableVariables: { allowed: ['B*'] } },
  });
  assert.deepEqual(step.variables.toObject(), {});
  assert.deepEqual(
    step.droppedCommands.map(({ properties }) => properties.variable),
    ['A'],
  );
  assert.deepEqual(step.log, [
    "##[warning]Setting variable 'A' has been disallowed by policy restrictions.",
    'a;b ***',
  ]);
});

test('task variables are kept apart, and secret ones are masked', () => {
  const taskVariables = new Variables();
  const step = stepAfter(['##vso[task.settaskvariable variable=files;issecret=true]s3cr3t', 's3cr3t'], {
    taskVariables,
  });
  assert.deepEqual(taskVariables.toObject(), { files: { value: 's3cr3t', isSecret: true } });
  assert.deepEqual(step.variables.toObject(), {});
  assert.deepEqual(step.log, ['***']);
});

test('a timeline record needs an id, and a new one a name and a type', () => {
  for (const [lines, result] of /** @type {[string[], string][]} */ ([
    [
      ['##vso[task.logdetail id=1;name=n;type=build]x', '##vso[task.logdetail id=1;progress=50]y'],
      'Succeeded',
    ],
    [['##vso[task.logdetail name=n;type=build]x'], 'Failed'],
    [['##vso[task.logdetail id=1;name=n]x'], 'Failed'],
  ])) {
    assert.equal(stepAfter(lines).finish(0, ''), result, lines.join());
  }
});

test('with DECODE_PERCENTS off a percent sign arrives escaped, and the mask covers both', () => {
  const step = stepAfter(
    ['##vso[task.setsecret]a%AZP25b', 'a%b a%AZP25b', '##vso[task.setvariable variable=A]a%AZP25c'],
    {
      knobs: { DECODE_PERCENTS: 'false' },
    },
  );
  assert.deepEqual(step.log, ['*** ***']);
  assert.deepEqual(step.variables.toObject(), { A: { value: 'a%AZP25c', isSecret: false } });
});

test('progress and uploads are taken without effect, but a file has to be there', () => {
  const step = stepAfter([
    '##vso[task.setprogress value=50]half',
    `##vso[task.uploadfile]${import.meta.filename}`,
    '##vso[build.addbuildtag]x',
  ]);
  assert.deepEqual(step.log, []);
  assert.equal(step.commands.length, 3);
  assert.equal(stepAfter(['##vso[task.uploadsummary]/does/not/exist']).finish(0, ''), 'Failed');
  assert.equal(step.finish(0, ''), 'Succeeded');
});

test('the text of a result goes to the server as it is, and to no log', () => {
  const step = stepAfter(['##vso[task.setsecret]s3cr3t', '##vso[task.complete result=Failed]the s3cr3t']);
  assert.deepEqual(step.completions, [{ result: 'Failed', message: 'the s3cr3t' }]);
  assert.deepEqual([step.log, step.issues], [[], []]);
});

test('a name of the agent is read-only without being set, whether for the job or as an output', () => {
  for (const properties of [
    'variable=agent.tempdirectory',
    'variable=Build.SourcesDirectory;isOutput=true',
  ]) {
    const step = stepAfter([`##vso[task.setvariable ${properties}]x`], {
      knobs: { 'agent.readOnlyVariables': '1' },
    });
    assert.equal(step.finish(0, ''), 'Failed', properties);
    assert.deepEqual([...step.added], [], properties);
  }
});

test('of many issues ten of each type are kept, and of a long line its beginning is shown while the step runs', () => {
  const issues = ['error', 'warning'].flatMap((type) => Array(12).fill(`##vso[task.logissue type=${type}]x`));
  const step = stepAfter([...issues, 'y'.repeat(2000)]);
  assert.deepEqual([step.issues.length, step.keptIssues.length], [24, 20]);
  assert.equal(step.liveLog.at(-1)?.length, 1024);
});

test('a container job shows values in its debug log in which escapes are undone, so that no mask fits', () => {
  const step = stepAfter(['##vso[task.setvariable variable=A;issecret=true]a%AZP253Bb']);
  assert.deepEqual(step.containerDebugLog, ['##[debug]SECRET_A=a;b']);
  const masked = stepAfter([
    '##vso[task.setvariable variable=A;issecret=true]a%AZP253Bb',
    '##vso[task.setsecret]a;b',
  ]);
  assert.deepEqual(masked.containerDebugLog, ['##[debug]SECRET_A=***']);
});

test('some values let no later Node task start', () => {
  const step = stepAfter([
    '##vso[task.setvariable variable=A]a\0b',
    `##vso[task.setvariable variable=B;issecret=true]${'x'.repeat(131_072)}`,
    '##vso[task.setvariable variable=C]c',
  ]);
  assert.deepEqual(step.breakingVariables, ['A', 'B']);
});
