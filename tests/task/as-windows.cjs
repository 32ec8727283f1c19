// Loaded before the task (`node --require`): the task takes the system for Windows.

'use strict';

Object.defineProperty(process, 'platform', { value: 'win32' });
