// Loaded before the task (`node --require`): makes the task believe that the system is Windows.

'use strict';

Object.defineProperty(process, 'platform', { value: 'win32' });
