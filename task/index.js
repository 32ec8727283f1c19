/** This file is where the agent starts the task: the config is masked first, then the library and the core load. */

import './mask-config.js';
import { performTask } from './perform.js';

void performTask();
