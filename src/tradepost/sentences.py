"""What every "no" says: one sentence in English and one in Chinese."""

from tradepost.reasons import Reason

SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.ORDER_NOT_FOUND: (
        "There is no such order; check the order number.",
        "找不到该订单，请核对订单编号。",
    ),
    Reason.OFFER_NOT_FOUND: (
        "There is no offer with SKU {sku}; check seller and SKU.",
        "没有 SKU 为 {sku} 的商品，请核对卖家和 SKU。",
    ),
    Reason.LINE_NOT_FOUND: (
        "The order has no item {item}; take the item number or SKU from the order.",
        "订单中没有商品 {item}，请使用订单中的商品编号或 SKU。",
    ),
    Reason.PACKAGE_NOT_FOUND: (
        "The order has no package {package}; take the package reference from the order.",
        "订单中没有包裹 {package}，请使用订单中的包裹编号。",
    ),
    Reason.NOT_YOUR_ACT: (
        "This is not for the {party} to do.",
        "{party} 无权执行此操作。",
    ),
    Reason.CART_IS_EMPTY: ("The cart is empty; put something into it.", "购物车为空，请先添加商品。"),
    Reason.OFFER_IS_CLOSED: (
        "The seller has closed the offer with SKU {sku}.",
        "卖家已关闭 SKU 为 {sku} 的商品。",
    ),
    Reason.OUT_OF_STOCK: (
        "Of SKU {sku} there are {available} left, and {wanted} were wanted.",
        "SKU {sku} 剩余 {available} 件，无法购买 {wanted} 件。",
    ),
    Reason.TOO_MUCH_UNVERIFIED: (
        "Your orders that await payment hold {held} units already, and {limit} is the limit; "
        "wait until they are paid, or cancel one.",
        "您的待付款订单已占用 {held} 件库存，上限为 {limit} 件；请等待付款完成或取消其中一笔订单。",
    ),
    Reason.CART_IS_MIXED_UP: (
        "The cart cannot be taken as one checkout: {problem}.",
        "购物车无法作为一次结算处理：{problem}。",
    ),
    Reason.CART_IS_FULL: (
        "The cart has {limit} lines already; check out or remove something first.",
        "购物车已有 {limit} 种商品；请先结算或移除部分商品。",
    ),
    Reason.ADDRESS_INCOMPLETE: (
        "The address needs {field}; fill it in.",
        "地址需要 {field}，请填写。",
    ),
    Reason.ADDRESS_NOT_VALID: (
        "The {field} of the address cannot be {given}; write it as in: {example}.",
        "地址的 {field} 不能是 {given}；请参照填写：{example}。",
    ),
    Reason.ADDRESS_NOT_IN_BOOK: (
        "Your address book has no address {address}; choose one of those that it lists.",
        "您的地址簿中没有地址 {address}；请从列表中选择。",
    ),
    Reason.ADDRESS_BOOK_IS_FULL: (
        "Your address book holds {limit} addresses already; delete one first.",
        "您的地址簿已有 {limit} 个地址；请先删除一个。",
    ),
    Reason.ORDER_IS_PENDING: (
        "The order is Pending: this is possible once it is Unshipped. "
        "Questions of a buyer about a Pending order are for Customer Service.",
        "订单处于【等待中】状态，变为【未发货】后才能执行此操作。买家对等待中订单的疑问，请联系客户服务。",
    ),
    Reason.ORDER_IS_RELEASED: (
        "The order has left Pending already.",
        "订单已不再处于【等待中】状态。",
    ),
    Reason.ORDER_IS_SHIPPED: ("The order is shipped already.", "订单已发货。"),
    Reason.ORDER_IS_CANCELED: (
        "The order is canceled, and that cannot be undone; the buyer may place a new order.",
        "订单已取消且无法恢复；买家可以重新下单。",
    ),
    Reason.HOLD_IS_OVER: (
        "The time in which you may cancel by yourself ended at {ended:%Y-%m-%d %H:%M} UTC; "
        "you may ask the seller to cancel once the order is Unshipped.",
        "自行取消的时限已于 {ended:%Y-%m-%d %H:%M} UTC 结束；订单变为【未发货】后，您可以请求卖家取消。",
    ),
    Reason.ALREADY_APPROVED: ("The payment was approved already.", "付款已通过验证。"),
    Reason.VERIFICATION_IS_OVER: (
        "The verification of this order is over.",
        "该订单的验证流程已结束。",
    ),
    Reason.NOTHING_SHIPPED: ("Nothing of this order was shipped.", "该订单尚未发货。"),
    Reason.CANCELLATION_ALREADY_REQUESTED: (
        "The cancellation was requested already; the seller decides.",
        "已提交过取消请求，请等待卖家处理。",
    ),
    Reason.ALREADY_REMINDED: ("The seller was reminded already.", "已提醒过卖家。"),
    Reason.ALREADY_DELIVERED: ("The delivery was recorded already.", "已记录过送达。"),
    Reason.QUANTITY_NOT_POSITIVE: (
        "The quantity must be a whole number from 1 to {limit}, and {quantity} is not.",
        "数量必须是 1 到 {limit} 之间的整数，{quantity} 无效。",
    ),
    Reason.QUANTITY_TOO_LARGE: (
        "Of item {item}, {left} units are neither shipped nor canceled, and {quantity} were named.",
        "商品 {item} 仅剩 {left} 件尚未发货或取消，不足 {quantity} 件。",
    ),
    Reason.NOTHING_LEFT: (
        "Nothing of {item} is left: all units are shipped or canceled.",
        "{item} 已无剩余：所有商品均已发货或取消。",
    ),
    Reason.UNKNOWN_CANCEL_REASON: (
        "{given} is no reason to cancel; use one of {known}.",
        "{given} 不是有效的取消原因，请使用：{known}。",
    ),
    Reason.CARRIER_NEEDED: ("Name the carrier.", "请填写承运人。"),
    Reason.CARRIER_NAME_NEEDED: (
        "Name the carrier in carrier-name when carrier-code is Other (50 characters at most).",
        "当 carrier-code 为 Other 时，请在 carrier-name 中填写承运人名称(最多 50 个字符)。",
    ),
    Reason.PACKAGE_QUANTITIES_FIXED: (
        "Package {package} holds other quantities; carrier and tracking can be changed, quantities cannot.",
        "包裹 {package} 中的数量与此不同；可以修改承运人和追踪编码，但不能修改数量。",
    ),
    Reason.SEVERAL_PACKAGES: (
        "The units of item {item} lie in several packages; edit each one by its package reference.",
        "商品 {item} 分装在多个包裹中，请按包裹编号逐个修改。",
    ),
    Reason.ITEM_NEEDED: (
        "A quantity of {quantity} is not all of this order, which has several items; name the item, "
        "or leave the quantity out to confirm all that is left.",
        "该订单包含多种商品，数量 {quantity} 不是全部；请填写商品编号，或将数量留空以确认全部剩余商品。",
    ),
    Reason.SHIP_DATE_IN_FUTURE: (
        "The ship date {given} lies in the future; give the day on which the package left.",
        "发货日期 {given} 晚于当前日期；请填写包裹实际发出的日期。",
    ),
    Reason.SHIP_DATE_BEFORE_ORDER: (
        "The ship date {given} lies before the day on which the order was placed, {placed}; "
        "give the day on which the package left.",
        "发货日期 {given} 早于下单日期 {placed}；请填写包裹实际发出的日期。",
    ),
    Reason.INVALID_VALUE: ("{field} is not valid: {problem}.", "{field} 无效：{problem}。"),
    Reason.PROFESSIONAL_PLAN_NEEDED: (
        "Files and reports are for sellers with a Professional account; confirm one by one, or change the plan.",
        "只有专业销售账户可以使用文件和报告；请逐个确认或更改销售计划。",
    ),
    Reason.FILE_ALREADY_APPLIED: (
        "This very file was applied on {applied}; nothing was changed.",
        "该文件已于 {applied} 处理过，未作任何更改。",
    ),
    Reason.CLOCK_IS_REAL: (
        "This marketplace runs on the real clock, which cannot be moved.",
        "该商城使用真实时钟，无法调整。",
    ),
    Reason.CLOCK_IS_IN_USE: (
        "The clock can be simulated only before the first order is placed.",
        "只能在第一笔订单之前启用模拟时钟。",
    ),
    Reason.TIME_ONLY_MOVES_FORWARD: (
        "The clock shows {now} already, and time only moves forward.",
        "时钟已显示 {now}，时间只能向前。",
    ),
    Reason.SELLER_NOT_FOUND: ("There is no seller {seller}.", "没有卖家 {seller}。"),
    Reason.BUYER_NOT_FOUND: ("There is no buyer {buyer}.", "没有买家 {buyer}。"),
    Reason.MARKETPLACE_NOT_FOUND: ("There is no marketplace {marketplace}.", "没有商城 {marketplace}。"),
    Reason.NAME_TAKEN: (
        "{name} is open already; change that account, or open another one under another name.",
        "{name} 已存在；请修改该账户，或使用其他名称开设。",
    ),
    Reason.APPLICATION_NOT_FOUND: (
        "There is no such application, or the seller has not authorized it; check the client id.",
        "找不到该应用，或卖家未授权该应用，请核对 client id。",
    ),
    Reason.APPLICATION_UNKNOWN: (
        "Client id and secret do not belong together; check both.",
        "client id 与 secret 不匹配，请核对两者。",
    ),
    Reason.OLD_SECRET_STILL_OPENS: (
        "The secret before this one opens until {until}: wait for that, or rotate with a grace of 0, which ends both.",
        "上一个 secret 在 {until} 前仍然有效：请等待其失效，或以 0 宽限期轮换，两者将立即失效。",
    ),
    Reason.GRANT_NOT_VALID: (
        "The refresh token is not valid for this application, or the seller has taken it back; ask for a new one.",
        "refresh token 对该应用无效或已被卖家撤回，请重新获取授权。",
    ),
    Reason.TOKEN_NEEDED: (
        "A valid access token is needed in the header x-amz-access-token.",
        "请在 x-amz-access-token 请求头中提供有效的访问令牌。",
    ),
    Reason.TOKEN_HAS_ENDED: (
        "The access token you provided has expired; get a new one with the refresh token.",
        "您提供的访问令牌已过期，请使用 refresh token 重新获取。",
    ),
    Reason.TOKEN_NOT_FOR_THIS: (
        "The access token does not allow this: {problem}.",
        "访问令牌不允许此操作：{problem}。",
    ),
    Reason.QUOTA_EXCEEDED: (
        "You exceeded your quota for the requested resource: {rate} requests a second, and {burst} at once.",
        "您已超出所请求资源的配额：每秒 {rate} 个请求，突发 {burst} 个。",
    ),
    Reason.ATTRIBUTE_MISSING: (
        "The listing needs the attribute {attribute}; add it.",
        "商品信息缺少属性 {attribute}，请补充。",
    ),
    Reason.CHANNEL_NOT_SERVED: (
        "Nothing is sold from the fulfillment channel {channel}: only stock in DEFAULT, which sellers ship themselves, "
        "is for sale.",
        "配送渠道 {channel} 中的库存不可售；仅销售由卖家自行配送 (DEFAULT) 的库存。",
    ),
    Reason.DOCUMENT_NOT_FOUND: (
        "There is no such document, or no more: those of feeds are kept for 28 days, order reports for 30, and other "
        "reports for 90; take its id from the answer that made it.",
        "找不到该文档或已过保留期：上传任务文档保留 28 天，订单报告 30 天，其他报告 90 天；"
        "请使用创建时返回的文档编号。",
    ),
    Reason.ADDRESS_NOT_SIGNED: (
        "The address of the document was changed on the way; use it as it was given.",
        "文档地址已被更改，请按原样使用。",
    ),
    Reason.ADDRESS_HAS_ENDED: (
        "The address of the document has ended; ask for a new one.",
        "文档地址已过期，请重新获取。",
    ),
    Reason.FEED_NOT_FOUND: ("There is no such feed; check its number.", "找不到该上传任务，请核对编号。"),
    Reason.FEED_HAS_BEGUN: (
        "The feed is {status} and can no longer be canceled.",
        "该上传任务状态为 {status}，无法再取消。",
    ),
    Reason.REPORT_NOT_FOUND: ("There is no such report; check its number.", "找不到该报告，请核对编号。"),
    Reason.REPORT_HAS_BEGUN: (
        "The report is {status} and can no longer be canceled.",
        "该报告状态为 {status}，无法再取消。",
    ),
    Reason.REPORT_SCHEDULE_NOT_FOUND: (
        "There is no such report schedule; check its number.",
        "找不到该报告计划，请核对编号。",
    ),
    Reason.DESTINATION_NOT_FOUND: (
        "The application has no such destination; take its id from getDestinations.",
        "该应用没有此通知目的地，请使用 getDestinations 返回的编号。",
    ),
    Reason.DESTINATION_EXISTS: (
        "The application has a destination at this address already; use {destination}, or delete it first.",
        "该应用已有使用此地址的通知目的地；请使用 {destination}，或先将其删除。",
    ),
    Reason.DESTINATION_IN_USE: (
        "Subscriptions still use the destination, {subscription} to {kind} among them; delete them first.",
        "仍有订阅使用该通知目的地，例如 {kind} 的订阅 {subscription}；请先删除这些订阅。",
    ),
    Reason.TOO_MANY_DESTINATIONS: (
        "The application has {limit} destinations already, and more are not possible; delete one that is not needed.",
        "该应用的通知目的地已达上限 {limit} 个；请先删除不需要的目的地。",
    ),
    Reason.EVENT_BRIDGE_NOT_OFFERED: (
        "Nothing is sent to Amazon EventBridge here; name an Amazon SQS queue as sqs, or a webhook.",
        "此处不向 Amazon EventBridge 发送通知；请使用 Amazon SQS 队列 (sqs) 或 Webhook。",
    ),
    Reason.SUBSCRIPTION_NOT_FOUND: (
        "There is no such subscription; check its type and its id.",
        "找不到该订阅，请核对通知类型和订阅编号。",
    ),
    Reason.SUBSCRIPTION_EXISTS: (
        "The application is subscribed to {kind} for this seller already; delete that subscription to make another.",
        "该应用已为此卖家订阅 {kind}；如需更改，请先删除现有订阅。",
    ),
    Reason.NOTIFICATION_TYPE_NOT_OFFERED: (
        "There are no notifications of the type {given} here; there are {known}.",
        "此处没有类型为 {given} 的通知；可用类型：{known}。",
    ),
    Reason.PAYLOAD_VERSION_NOT_OFFERED: (
        "{kind} has no payload of version {given}; use {known}.",
        "{kind} 没有版本 {given}；请使用 {known}。",
    ),
    Reason.TEST_NOT_OFFERED: (
        "Test notifications are sent in sandboxes only, and this marketplace is none.",
        "仅沙盒环境发送测试通知，此商城不是沙盒。",
    ),
    Reason.ENDPOINT_NOT_FOUND: ("There is no webhook endpoint {endpoint}.", "没有 Webhook 端点 {endpoint}。"),
    Reason.TOO_MANY_ENDPOINTS: (
        "There are {limit} webhook endpoints already, and more are not possible; close one that is not needed.",
        "Webhook 端点已达上限 {limit} 个；请先关闭不需要的端点。",
    ),
    Reason.KEY_NEEDED: (
        "Send a key that is valid in the header Authorization: Bearer tp_...",
        "请在 Authorization: Bearer tp_... 标头中提供有效的密钥。",
    ),
    Reason.KEY_NOT_FOUND: ("There is no key {key}.", "没有密钥 {key}。"),
    Reason.KEY_HAS_ENDED: (
        "The key {key} has ended, or another was put in its place already; rotate that one, or make a new one.",
        "密钥 {key} 已失效或已被替换；请轮换新密钥，或另行创建。",
    ),
    Reason.SCOPE_NOT_ENOUGH: (
        "This needs a key of scope {needed}, and yours has scope {scope}.",
        "此操作需要权限为 {needed} 的密钥，您的密钥权限为 {scope}。",
    ),
    Reason.NO_SUCH_ADDRESS: (
        "There is nothing at {path}; /api/v1/openapi.json lists what there is.",
        "{path} 不存在；可用地址见 /api/v1/openapi.json。",
    ),
    Reason.METHOD_NOT_ALLOWED: (
        "{method} is not possible here; possible: {allowed}.",
        "此处不支持 {method}；支持：{allowed}。",
    ),
    Reason.NOT_JSON: (
        "The body must be JSON in UTF-8, and it is not: {problem}.",
        "请求正文必须是 UTF-8 编码的 JSON：{problem}。",
    ),
    Reason.TOO_LARGE: (
        "The {part} is too large: the limit is {limit}.",
        "{part} 过大，上限为 {limit}。",
    ),
    Reason.TOO_MANY_REQUESTS: (
        "Too many requests with this key: wait {wait} s and try again.",
        "该密钥的请求过多：请等待 {wait} 秒后重试。",
    ),
    Reason.IDEMPOTENCY_KEY_REUSED: (
        "This Idempotency-Key was used for another request; take a new one for a new request.",
        "该 Idempotency-Key 已用于另一请求；新请求请使用新的密钥。",
    ),
    Reason.UNAVAILABLE: (
        "The marketplace cannot answer right now; send the same request again in {wait} s.",
        "商城暂时无法响应；请在 {wait} 秒后重新发送同一请求。",
    ),
    Reason.BUG: (
        "Something went wrong here that should not; tell the operator the request id {request_id}.",
        "服务器出现意外错误；请将请求编号 {request_id} 告知运营方。",
    ),
}
