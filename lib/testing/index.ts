export {
  CeleryTestingModule,
  type TestingCelery,
  type CreateTestingOptions,
} from './celery.testing-module.js';
export { HeldClock } from './held-clock.js';
