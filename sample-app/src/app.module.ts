import { Module, type DynamicModule } from '@nestjs/common';
import { CeleryModule, type WorkerOptions } from 'nestjs-celery';
import { ImageTasks } from './images/image.tasks.js';
import { InvoiceTasks } from './invoices/invoice.tasks.js';
import { MailTasks } from './mail/mail.tasks.js';
import { Mailer } from './mail/mailer.js';
import { OrderController } from './orders/order.controller.js';
import { OrderFiles } from './orders/order.files.js';
import { OrderService } from './orders/order.service.js';
import { PaymentGateway } from './payments/payment.gateway.js';
import { PaymentTasks } from './payments/payment.tasks.js';
import { ReportTasks } from './reports/report.tasks.js';

/** Most tasks wait for something and share one event loop; those that compute share two processes. */
export const SHOP_WORKER: WorkerOptions = {
  queues: ['celery', 'payments', 'mail', 'images'],
  concurrency: 8,
  pools: { cpu: { pool: 'prefork', concurrency: 2, maxTasksPerChild: 1_000 } },
};

/** The shop without its connection to a broker. */
@Module({
  controllers: [OrderController],
  providers: [
    OrderFiles,
    OrderService,
    PaymentGateway,
    PaymentTasks,
    InvoiceTasks,
    ImageTasks,
    Mailer,
    MailTasks,
    ReportTasks,
  ],
})
class ShopModule {}

/**
 * Broker and result backend come from CELERY_BROKER_URL and CELERY_RESULT_BACKEND; without them everything stays in
 * this process.
 */
@Module({ imports: [CeleryModule.forRoot({ taskTrackStarted: true }), ShopModule] })
export class AppModule {
  /** The same shop with a worker inside the web process: for the embedded broker. */
  static withWorker(): DynamicModule {
    const celery = CeleryModule.forRoot({
      broker: 'memory://',
      backend: 'memory://',
      taskTrackStarted: true,
      worker: SHOP_WORKER,
    });
    return { module: EmbeddedShopModule, imports: [celery, ShopModule] };
  }
}

class EmbeddedShopModule {}
