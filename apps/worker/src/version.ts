/** Version of the product; `GET /workers` and the metrics show it. */
export const VERSION = '0.1.0';
