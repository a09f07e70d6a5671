export { HeldClock as FakeClock } from '../../lib/testing/held-clock.js';
