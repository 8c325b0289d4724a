"""The broker's half of DPoP as pure logic: what to sign, what an answer means, what to do next."""
