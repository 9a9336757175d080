"""The words of commissions: plans, the deal as the engine sees it, calculations, accounts; and the ports to them."""
