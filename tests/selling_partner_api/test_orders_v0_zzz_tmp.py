def test_missing(models, walk):
    print(walk.missing(models.of("orders/v0"), 400, 403, 404, 413, 429))
    assert not walk.missing(models.of("orders/v0"), 400, 403, 404)
