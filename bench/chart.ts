import { init } from 'echarts';
import type { Row } from './measure.js';

/** Workloads of the chart: processing and publishing, where every peer takes part. */
const SHOWN = [
  'RabbitMQ: process, late ack',
  'RabbitMQ: process, late ack, result stored',
  'RabbitMQ: publish, 500 in flight',
  'Redis: process, late ack',
  'Redis: process, late ack, result stored',
  'Redis: publish, 500 in flight',
];

const COLOURS: Readonly<Record<string, string>> = {
  'nestjs-celery': '#e0234e',
  BullMQ: '#f5a623',
  Celery: '#37814a',
  'celery-node': '#8bc34a',
  '@golevelup/nestjs-rabbitmq': '#7b61ff',
  'raw amqplib': '#b0b0b0',
  'raw ioredis': '#d0d0d0',
};

/** An SVG of tasks per second, a group of bars for each workload. Undefined where none of the shown ones was measured. */
export function chartOf(rows: readonly Row[], caption: string): string | undefined {
  const shown = rows.filter(
    ({ workload, unit, failed }) => SHOWN.includes(workload) && unit === 'per second' && failed === undefined,
  );
  if (shown.length === 0) return undefined;
  const bars = SHOWN.flatMap((workload) => {
    const group = shown.filter((row) => row.workload === workload && row.contender !== 'raw ioredis');
    return group.map((row, index) => ({ row, label: index === 0 ? workload : '' }));
  });
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 960, height: 120 + bars.length * 24 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'sans-serif' },
    title: { text: 'Tasks per second', subtext: wrapped(caption), left: 16, top: 8 },
    grid: { left: 430, right: 90, top: 90, bottom: 24 },
    xAxis: { type: 'value', splitLine: { lineStyle: { color: '#eeeeee' } } },
    yAxis: {
      type: 'category',
      inverse: true,
      axisTick: { show: false },
      axisLabel: { interval: 0 },
      data: bars.map(({ row, label }) => (label === '' ? row.contender : `${label}    ${row.contender}`)),
    },
    series: [
      {
        type: 'bar',
        data: bars.map(({ row }) => ({
          value: Math.round(row.value),
          itemStyle: { color: COLOURS[row.contender] ?? '#999999' },
        })),
        label: {
          show: true,
          position: 'right',
          formatter: ({ value }: { value?: unknown }) => Number(value).toLocaleString('en'),
        },
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/** In lines of at most 150 characters. */
function wrapped(text: string): string {
  return text.replace(/(.{1,150})(?:\s|$)/g, '$1\n').trimEnd();
}
