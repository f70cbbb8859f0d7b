/** The customer has as many orders without a receipt as the shop bears; nothing was stored. */
export class TooManyOpenOrders extends Error {
  constructor(
    readonly customer: string,
    readonly limit: number,
  ) {
    super(`No customer may have more than ${limit} open orders.`);
    this.name = 'TooManyOpenOrders';
  }
}
