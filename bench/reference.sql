-- The reference: an order process for one order at a time, by hand, on Tradepost's own tables.
--
-- It writes the same rows and columns as Tradepost does for orders of one unit, and is as lean as it can be: a call an
-- order, no locks but those of the rows, nothing looked up that a row in hand does not tell, nothing checked but what
-- must not go wrong (stock and state).

-- A hot offer is taken last, so that the others wait for it as short as can be; that costs a statement more.
CREATE FUNCTION place_one(_seller text, _sku text, _buyer text, _address jsonb, _token text, _at timestamptz,
                          _hot boolean)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    _number text := lpad((random() * 99999999)::int::text, 8, '0') || lpad((random() * 999999999)::int::text, 9, '0');
    _order text := substr(_number, 1, 3) || '-' || substr(_number, 4, 7) || '-' || substr(_number, 11);
    _title text;
    _price bigint;
    _day timestamptz := date_trunc('day', _at);
BEGIN
    IF _hot THEN
        SELECT title, price INTO _title, _price FROM offers WHERE seller_id = _seller AND sku = _sku;
    ELSE
        UPDATE offers SET available = available - 1, updated_at = _at
         WHERE seller_id = _seller AND sku = _sku AND NOT closed AND available >= 1
        RETURNING title, price INTO _title, _price;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'out of stock';
        END IF;
    END IF;
    INSERT INTO orders (seller_id, order_id, marketplace_id, policy_version, checkout_id, buyer_id, state, placed_at,
                        ordered_units, currency, total, service, handling_days, ship_earliest, ship_latest,
                        deliver_earliest, deliver_latest, wakes_at, verify_at, updated_at, last_event, ship_to)
    VALUES (_seller, _order, 'BENCH', 1, replace(gen_random_uuid()::text, '-', ''), _buyer, 'held', _at,
            1, 'USD', _price, 'Standard', 1, _day + interval '1 day', _day + interval '2 days',
            _day + interval '4 days', _day + interval '9 days', _at + interval '30 minutes', _at, _at, 1, _address);
    INSERT INTO order_lines (seller_id, order_id, line_no, item_id, sku, title, unit_price, quantity)
    VALUES (_seller, _order, 1, (10000000000000 + floor(random() * 90000000000000))::bigint::text, _sku, _title,
            _price, 1);
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
    VALUES (_seller, _order, 1, 'place', 'held', 'buyer', _buyer, _at, _at);
    INSERT INTO payments (seller_id, order_id, gateway, token) VALUES (_seller, _order, 'simulated', _token);
    IF _hot THEN
        UPDATE offers SET available = available - 1, updated_at = _at
         WHERE seller_id = _seller AND sku = _sku AND NOT closed AND available >= 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'out of stock';
        END IF;
    END IF;
    RETURN _order;
END $$;

CREATE FUNCTION approve_one(_seller text, _order text, _at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders SET state = 'approved', approved_at = _at, verify_at = NULL, updated_at = _at, last_event = 2
     WHERE seller_id = _seller AND order_id = _order AND state = 'held';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not held';
    END IF;
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
    VALUES (_seller, _order, 2, 'approve', 'approved', 'verification', 'simulated', _at, _at);
    UPDATE payments SET attempts = attempts + 1, reference = 'simulated-' || _order
     WHERE seller_id = _seller AND order_id = _order;
END $$;

CREATE FUNCTION release_one(_seller text, _order text, _at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _buyer text;
BEGIN
    UPDATE orders SET state = 'unshipped', released_at = _at, wakes_at = date_trunc('day', _at) + interval '24 days',
                      updated_at = _at, last_event = 3
     WHERE seller_id = _seller AND order_id = _order AND state = 'approved'
    RETURNING buyer_id INTO _buyer;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not approved';
    END IF;
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at)
    VALUES (_seller, _order, 3, 'release', 'unshipped', 'clock', 'clock', _at, _at);
    INSERT INTO notices (seller_id, notice_id, order_id, event, receiver, receiver_id, kind, happened_at, try_at)
    VALUES (_seller, uuidv7(), _order, 3, 'buyer', _buyer, 'order_confirmation', _at, now()),
           (_seller, uuidv7(), _order, 3, 'seller', _seller, 'sold_ship_now', _at, now());
END $$;

CREATE FUNCTION confirm_one(_seller text, _order text, _tracking text, _at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _buyer text;
BEGIN
    UPDATE orders SET state = 'shipped', shipped_at = _at, shipped_units = 1, wakes_at = NULL, updated_at = _at,
                      last_event = 4
     WHERE seller_id = _seller AND order_id = _order AND state = 'unshipped'
    RETURNING buyer_id INTO _buyer;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not unshipped';
    END IF;
    UPDATE order_lines SET shipped = 1 WHERE seller_id = _seller AND order_id = _order AND line_no = 1;
    INSERT INTO packages (seller_id, order_id, reference, carrier_code, tracking, confirmed_at)
    VALUES (_seller, _order, 1, 'UPS', _tracking, _at);
    INSERT INTO package_items (seller_id, order_id, reference, line_no, quantity) VALUES (_seller, _order, 1, 1, 1);
    INSERT INTO order_events (seller_id, order_id, number, act, state, party, actor, happened_at, recorded_at, detail)
    VALUES (_seller, _order, 4, 'confirm_shipment', 'shipped', 'seller', _seller, _at, _at,
            '{"units": {"1": 1}, "package": 1}');
    INSERT INTO notices (seller_id, notice_id, order_id, event, receiver, receiver_id, kind, happened_at, try_at)
    VALUES (_seller, uuidv7(), _order, 4, 'buyer', _buyer, 'shipment_confirmation', _at, now());
END $$;
