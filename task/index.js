/** This file is where the agent starts the task: secrets are masked first, then the library and the core load. */

import './mask-config.js';
import './mask-proxy.js';
import { performTask } from './perform.js';

void performTask();
