import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

// The web process: takes orders, sends tasks, opens no consumer.
const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT'] ?? 3000));
new Logger('Shop').log(`Taking orders on ${await app.getUrl()}/orders`);
