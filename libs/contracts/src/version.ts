/** Version of the product, as `package.json` has it; metrics, `GET /workers` and the OpenAPI document show it. */
export const VERSION = '0.1.0';
